//! A client that hides nothing: one query, one answer, over a socket of its own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, Query};
use hickory_proto::rr::{Name, RecordType};

/// Long enough for any machine; waited for only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// The id of every query asked here.
pub(crate) const ID: u16 = 0x1234;

pub(crate) fn query(name: &str, kind: RecordType, payload: Option<u16>) -> Vec<u8> {
    let mut message = Message::query();
    message.metadata.id = ID;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message.edns = payload.map(|payload| {
        let mut edns = Edns::new();
        edns.set_max_payload(payload);
        edns
    });
    message.to_vec().unwrap()
}

pub(crate) fn udp(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((server.ip(), 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

pub(crate) fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 65_535];
    let length = socket.recv(&mut buffer).unwrap();
    buffer.truncate(length);
    buffer
}

/// Asks over UDP for SRV records.
pub(crate) fn ask(server: SocketAddr, name: &str, payload: Option<u16>) -> Message {
    ask_kind(server, name, RecordType::SRV, payload)
}

pub(crate) fn ask_kind(server: SocketAddr, name: &str, kind: RecordType, payload: Option<u16>) -> Message {
    let socket = udp(server);
    socket.send(&query(name, kind, payload)).unwrap();
    Message::from_vec(&receive(&socket)).unwrap()
}

pub(crate) fn tcp(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub(crate) fn send_tcp(mut stream: &TcpStream, name: &str) {
    let query = query(name, RecordType::SRV, None);
    let length = u16::try_from(query.len()).unwrap();
    stream.write_all(&[&length.to_be_bytes(), query.as_slice()].concat()).unwrap();
}

pub(crate) fn receive_tcp(mut stream: &TcpStream) -> io::Result<Message> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes)?;
    Ok(Message::from_vec(&bytes).unwrap())
}

/// Asks over TCP for SRV records.
pub(crate) fn ask_tcp(server: SocketAddr, name: &str) -> Message {
    let stream = tcp(server);
    send_tcp(&stream, name);
    receive_tcp(&stream).unwrap()
}
