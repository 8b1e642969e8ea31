"""Writes the vectors beside it: ConsistentHash as its documentation specifies it, in another language and with no code of
the crate. For whoever writes a client that has to agree. Names are shorter than 32 bytes here, which keeps XXH64 short."""
import math

M=(1<<64)-1
P1,P2,P3,P4,P5=11400714785074694791,14029467366897019727,1609587929392839161,9650029242287828579,2870177450012600261
rot=lambda x,r:((x<<r)|(x>>(64-r)))&M
def xxh64(b):
    assert len(b)<32
    h=(P5+len(b))&M; i=0
    while i+8<=len(b):
        k=int.from_bytes(b[i:i+8],'little'); k=rot(k*P2&M,31)*P1&M
        h^=k; h=(rot(h,27)*P1+P4)&M; i+=8
    if i+4<=len(b):
        h^=int.from_bytes(b[i:i+4],'little')*P1&M; h=(rot(h,23)*P2+P3)&M; i+=4
    for c in b[i:]:
        h^=c*P5&M; h=rot(h,11)*P1&M
    h^=h>>33; h=h*P2&M; h^=h>>29; h=h*P3&M; h^=h>>32
    return h
assert xxh64(b"abc")==0x44bc2cf5ad770999
S=0x9e3779b97f4a7c15
def mix(z):
    z=((z^(z>>30))*0xbf58476d1ce4e5b9)&M; z=((z^(z>>27))*0x94d049bb133111eb)&M; return z^(z>>31)
further=lambda h,n: mix((h+S*(n+1))&M)
def ring(ms):
    ws=[w for _,w in ms]; pos=[w for w in ws if w]; unit=1<<(max(pos).bit_length()-1)
    while unit*len(pos)>4*sum(pos): unit//=4
    pts=[]
    for i,(n,w) in enumerate(ms):
        if w==0: continue
        for j in range(max(1,w*320//unit)): pts.append((further(xxh64(n),j),i))
    pts.sort()
    def own(h):
        o=pts[-1][1]
        for s,i in pts:
            if s<=h:o=i
            else:break
        return o
    return own
def rendezvous(ms):
    def own(h):
        best=None
        for i,(n,w) in enumerate(ms):
            if w==0: continue
            u=((mix(xxh64(n)^h)>>11)+.5)/2**53
            s=-w/math.log(u)
            if best is None or s>best[0]: best=(s,i)
        return best[1]
    return own
def maglev(ms):
    size=65537; o=sorted((xxh64(n),i) for i,(n,w) in enumerate(ms)); total=sum(w for _,w in ms)
    q=[];before=0;given=0
    for h,i in o:
        before+=ms[i][1]; due=before*size//total-given; given+=due; q.append(due)
    for k,(h,i) in enumerate(o):
        if q[k]==0 and ms[i][1]>0:
            m=max(range(len(q)),key=lambda x:(q[x],x)); q[m]-=1; q[k]=1
    slots=[None]*size
    st=[[further(h,0)*size>>64, (further(h,1)*(size-1)>>64)+1] for h,i in o]
    for r in range(64):
        for k,(h,i) in enumerate(o):
            for _ in range(q[k]*r//64,q[k]*(r+1)//64):
                while True:
                    s=st[k][0]; st[k][0]=(s+st[k][1])%size
                    if slots[s] is None: slots[s]=i;break
    return lambda h: slots[h*size>>64]
A=["10.0.0.1:80","10.0.0.2:80","10.0.0.3:80","[fe80::1]:443","a.example:80"]
sets={"equal":list(zip(A,[1]*5)),"weighted":list(zip(A,[5,3,0,100,20])),"extreme":[(A[0],1),(A[1],M>>32),(A[4],M>>32)]}
keys=[0,1,2,M]+[mix((1+S*n)&M) for n in range(1,97)]
for name,ms in sets.items():
    named=[(a.encode() if k+1<len(ms) else b"web-0",w) for k,(a,w) in enumerate(ms)]
    rules=[f(named) for f in (ring,maglev,rendezvous)]
    with open(name+".txt","w") as f:
        f.write(f'# key, then the address it has by ring, Maglev and rendezvous; the set is "{name}" in consistent_hash/vectors.rs\n')
        for k in keys:
            h=xxh64(k.to_bytes(8,'little'))
            f.write(f"{k} "+" ".join(ms[r(h)][0] for r in rules)+"\n")
