//! A question in datagrams.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use hickory_proto::op::ResponseCode;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::exchange::Exchange;
use super::failure::Fault;
use super::message::{self, Incoming, Response};
use super::query::{Outgoing, PAYLOAD};

/// Room for the largest SRV record with an address: an answer that leaves less than this below the limit may have been cut.
const ROOM: usize = 512;
/// Some servers send more than they were asked to.
const LARGEST: usize = 4096;

/// What came in a datagram.
pub(super) enum Datagram {
    Whole(Response),
    /// Some servers (Consul) leave out what does not fit without saying so.
    PerhapsCut(Response),
    Truncated,
    /// The server answers, but not this question: another way of asking does not help.
    Fault(Fault),
}

/// Asks until there is an answer, and for ever if there is none. The socket is connected, so that a closed port is told at
/// once, and answers of others are not seen.
pub(super) async fn ask(exchange: &Exchange<'_>) -> Result<Datagram, Fault> {
    let [extended, simple] = [true, false].map(|edns| Outgoing::new(exchange.name, exchange.kind, edns));
    let sent = [&extended?, &simple?];
    let socket = connect(exchange.server).await?;
    let (start, part) = (Instant::now(), exchange.time / 6);
    let mut plan = VecDeque::from([(start, sent[0]), (start + part, sent[0]), (start + part * 2, sent[1])]);
    let mut buffer = vec![0; LARGEST];
    loop {
        while let Some(&(due, outgoing)) = plan.front()
            && due <= Instant::now()
        {
            plan.pop_front();
            socket.send(&outgoing.bytes).await?;
        }
        let received = match plan.front() {
            Some((due, _)) => match timeout_at(*due, socket.recv(&mut buffer)).await {
                Ok(received) => received,
                Err(_) => continue,
            },
            None => socket.recv(&mut buffer).await,
        };
        let bytes = &buffer[..received?];
        match message::read(bytes, exchange.name, exchange.kind, &sent) {
            Incoming::Unrelated => {}
            Incoming::Garbage => return Err(Fault::Garbage),
            Incoming::Answer(place, response) if sent[place].edns && knows_no_edns(&response) => {
                plan = VecDeque::from([(start, sent[1])]);
            }
            Incoming::Answer(place, response) => return Ok(judge(response, bytes.len(), sent[place].edns)),
        }
    }
}

/// RFC 6891, section 6.2.2 and 7: a server that does not know EDNS complains of the form, or of a version.
fn knows_no_edns(response: &Response) -> bool {
    matches!(response.code, ResponseCode::FormErr | ResponseCode::NotImp | ResponseCode::BADVERS)
}

fn judge(response: Response, length: usize, edns: bool) -> Datagram {
    if !matches!(response.code, ResponseCode::NoError | ResponseCode::NXDomain) {
        return Datagram::Fault(Fault::Code(response.code));
    }
    if response.truncated || response.cut || length == LARGEST {
        return Datagram::Truncated;
    }
    let limit = usize::from(PAYLOAD);
    let may_be_cut = if edns { length > limit - ROOM } else { !response.answers.is_empty() };
    if may_be_cut { Datagram::PerhapsCut(response) } else { Datagram::Whole(response) }
}

async fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    Ok(socket)
}
