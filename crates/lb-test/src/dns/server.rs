use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::behaviour::{Behaviour, Scope};
use super::query::{Kind, Query, Transport};
use super::record::{Record, absolute, key};
use super::sockets::{serve_tcp, serve_udp, sockets};
use super::state::Shared;
use super::zone::Glue;
use crate::tcp::{TcpServer, Threads};

/// A DNS server in the test's own process, over UDP and TCP on one port of the loopback interface.
///
/// It knows the names it was [told](DnsServer::set), compares them without regard to case, says NXDOMAIN
/// about all others, and can be made to [misbehave](Behaviour). An answer larger than the EDNS payload that
/// the client asked for (512 bytes without EDNS) is truncated with the TC bit set. Everything can be changed
/// while it runs, through `&self`. Bytes that are no query are not answered.
///
/// Dropping it frees the port and ends its threads; queries it still holds are not answered.
///
/// ```
/// use lb_test::{Behaviour, DnsServer, Rcode, Record};
///
/// # fn main() -> std::io::Result<()> {
/// let server = DnsServer::start()?;
/// server.set("_http._tcp.example.", [Record::srv(0, 1, 8080, "a.example."), Record::srv(0, 1, 8080, "b.example.")]);
/// server.set("a.example.", [Record::a([127, 0, 0, 1]).with_ttl(5)]);
///
/// let queries = server.events();                      // one message for each query that arrives
/// println!("ask {}", server.address());
///
/// server.behave(Behaviour::Fail(Rcode::ServFail));    // from now on
/// server.behave(Behaviour::Answer);                   // all is well again
/// assert_eq!(server.count("_http._tcp.example."), 0);
/// # drop(queries);
/// # Ok(())
/// # }
/// ```
pub struct DnsServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    udp: Arc<UdpSocket>,
    tcp: TcpServer,
    threads: Arc<Threads>,
}

impl DnsServer {
    /// Starts on `127.0.0.1`, at a port that the system chooses.
    ///
    /// # Errors
    ///
    /// When no port or thread can be had.
    pub fn start() -> io::Result<Self> {
        Self::bind((Ipv4Addr::LOCALHOST, 0).into())
    }

    /// Starts on `[::1]`, at a port that the system chooses.
    ///
    /// # Errors
    ///
    /// When there is no IPv6, or no port or thread can be had.
    pub fn start_v6() -> io::Result<Self> {
        Self::bind((Ipv6Addr::LOCALHOST, 0).into())
    }

    /// Starts on an address; port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound, or no thread be started.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let (udp, listener) = sockets(address)?;
        let address = udp.local_addr()?;
        let shared = Arc::new(Shared::default());
        let for_tcp = Arc::clone(&shared);
        let tcp = TcpServer::start(listener, move |connection| serve_tcp(&for_tcp, &connection.stream))?;
        let server = Self { address, shared, udp: Arc::new(udp), tcp, threads: Arc::new(Threads::default()) };
        server.serve_udp()?;
        Ok(server)
    }

    /// Where it listens, for UDP and TCP alike.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces all records of a name. A name without records exists: it is answered with NODATA.
    ///
    /// # Panics
    ///
    /// When `name` is not a domain name.
    #[track_caller]
    pub fn set(&self, name: &str, records: impl IntoIterator<Item = Record>) {
        let (name, records) = (name_key(name), records.into_iter().collect());
        self.shared.change(|state| drop(state.zone.names.insert(name, records)));
    }

    /// Forgets a name: it is answered with NXDOMAIN, unless names below it remain.
    ///
    /// # Panics
    ///
    /// When `name` is not a domain name.
    #[track_caller]
    pub fn remove(&self, name: &str) {
        let name = name_key(name);
        self.shared.change(|state| drop(state.zone.names.remove(&name)));
    }

    /// Whether SRV answers carry the addresses of their targets, as far as they were [set](DnsServer::set).
    pub fn glue(&self, glue: Glue) {
        self.shared.change(|state| state.zone.glue = glue);
    }

    /// How long, in seconds, a client may believe that something does not exist: the TTL and the minimum of the
    /// SOA record in negative answers. 60 in the beginning; `None` sends no SOA record.
    pub fn negative_ttl(&self, seconds: Option<u32>) {
        self.shared.change(|state| state.zone.negative_ttl = seconds);
    }

    /// From now on treats every query like this, and forgets all special rules.
    pub fn behave(&self, behaviour: Behaviour) {
        self.shared.change(|state| state.rules.set(Scope::All, behaviour));
    }

    /// From now on treats every query over one transport like this. Of several rules that hold for a query
    /// the one given last counts.
    pub fn behave_over(&self, transport: Transport, behaviour: Behaviour) {
        self.shared.change(|state| state.rules.set(Scope::Over(transport), behaviour));
    }

    /// From now on treats every query for one name like this. Of several rules that hold for a query the one
    /// given last counts.
    ///
    /// # Panics
    ///
    /// When `name` is not a domain name.
    #[track_caller]
    pub fn behave_for(&self, name: &str, behaviour: Behaviour) {
        let name = name_key(name);
        self.shared.change(|state| state.rules.set(Scope::For(name), behaviour));
    }

    /// From now on treats every query for one type of records like this. Of several rules that hold for a query the one
    /// given last counts.
    pub fn behave_for_kind(&self, kind: Kind, behaviour: Behaviour) {
        self.shared.change(|state| state.rules.set(Scope::About(kind), behaviour));
    }

    /// Closes the TCP port and cuts its connections: when this returns, TCP is refused. UDP goes on.
    pub fn refuse_tcp(&self) {
        self.tcp.refuse();
    }

    /// Opens the TCP port again.
    ///
    /// # Errors
    ///
    /// When somebody else has taken it meanwhile.
    pub fn accept_tcp(&self) -> io::Result<()> {
        self.tcp.accept()
    }

    /// Hangs: queries are taken, counted and held, until [`resume`](DnsServer::resume).
    pub fn pause(&self) {
        self.shared.change(|state| state.paused = true);
    }

    /// Answers the queries that were held, with the records and the behaviour of now, and goes on.
    pub fn resume(&self) {
        self.shared.change(|state| state.paused = false);
    }

    /// How many queries are held at the moment, by [`pause`](DnsServer::pause) or [`Behaviour::Delay`].
    pub fn held(&self) -> usize {
        self.shared.lock().held
    }

    /// Every query since the beginning, in the order of arrival.
    pub fn queries(&self) -> Vec<Query> {
        self.shared.lock().queries.clone()
    }

    /// How many queries came for a name, of any type, over any transport.
    ///
    /// # Panics
    ///
    /// When `name` is not a domain name.
    #[track_caller]
    pub fn count(&self, name: &str) -> usize {
        let name = name_key(name);
        self.shared.lock().queries.iter().filter(|query| query.name == name).count()
    }

    /// A channel that gets every query from now on, on arrival. What the test changes after it has got one
    /// holds for later queries, and for those that are held.
    pub fn events(&self) -> Receiver<Query> {
        let (sender, receiver) = crossbeam_channel::unbounded();
        self.shared.change(|state| state.listeners.push(sender));
        receiver
    }

    fn serve_udp(&self) -> io::Result<()> {
        let (shared, socket) = (Arc::clone(&self.shared), Arc::clone(&self.udp));
        let threads = Arc::clone(&self.threads);
        self.threads.spawn("lb-test dns udp", move || serve_udp(&shared, &socket, &threads))
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.shared.change(|state| state.stopped = true);
        drop(self.udp.send_to(&[], self.address));
        self.threads.join();
    }
}

impl std::fmt::Debug for DnsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DnsServer").field("address", &self.address).finish_non_exhaustive()
    }
}

#[track_caller]
fn name_key(name: &str) -> String {
    key(&absolute(name))
}
