//! A server over UDP that answers with whatever bytes a test wants.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::rdata::{A, CNAME, NS, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// In seconds, of the aliases below.
pub(crate) const ALIAS_TTL: u32 = 7;

pub(crate) struct RawServer {
    socket: Arc<UdpSocket>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl RawServer {
    /// Answers each query with what `answer` makes of it; without any, not at all.
    pub(crate) fn start(answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").expect("a port is free"));
        let stopped = Arc::new(AtomicBool::new(false));
        let (own, own_stopped) = (Arc::clone(&socket), Arc::clone(&stopped));
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((length, client)) = own.recv_from(&mut buffer)
                && !own_stopped.load(Ordering::Relaxed)
            {
                if let Some(bytes) = answer(&buffer[..length]) {
                    own.send_to(&bytes, client).expect("loopback takes it");
                }
            }
        });
        Self { socket, stopped, thread: Some(thread) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("it is bound")
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.socket.send_to(&[], self.address()).expect("loopback takes it");
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Answers with one alias, and nothing about its target, as a server does that has no authority over it. Other names get no
/// answer.
pub(crate) fn cname_only(query: &[u8], aliases: &[(&str, &str)]) -> Option<Vec<u8>> {
    let mut message = Message::from_vec(query).ok()?;
    let asked = message.queries.first()?.name.clone();
    let name = |text: &str| Name::from_ascii(text).expect("a name");
    let (_, target) = aliases.iter().find(|(alias, _)| name(alias) == asked)?;
    message.metadata.message_type = MessageType::Response;
    message.answers.push(Record::from_rdata(asked, ALIAS_TTL, RData::CNAME(CNAME(name(target)))));
    message.to_vec().ok()
}

/// Answers that other servers know, as one does that finds out nothing for its clients.
pub(crate) fn referral(query: &[u8]) -> Option<Vec<u8>> {
    let mut message = Message::from_vec(query).ok()?;
    message.metadata.message_type = MessageType::Response;
    message.authorities.push(Record::from_rdata(Name::root(), 60, RData::NS(NS(Name::root()))));
    message.to_vec().ok()
}

/// Answers with one record of the type asked for, SRV or A, and with one that has no data.
pub(crate) fn half_unreadable(query: &[u8]) -> Option<Vec<u8>> {
    let mut message = Message::from_vec(query).ok()?;
    message.metadata.message_type = MessageType::Response;
    let (asked, kind) = message.queries.first().map(|query| (query.name.clone(), query.query_type))?;
    let good = match kind {
        RecordType::SRV => RData::SRV(SRV::new(0, 1, 80, Name::from_ascii("a.example.").ok()?)),
        _ => RData::A(A::new(10, 0, 0, 1)),
    };
    let records = [good, RData::Update0(kind)].map(|data| Record::from_rdata(asked.clone(), 60, data));
    message.answers.extend(records);
    message.to_vec().ok()
}
