//! The server's sockets and the loops over them.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;

use super::message::Reply;
use super::query::{Question, Transport};
use super::state::{Fate, Shared};
use crate::tcp::Threads;

/// How often a port that is free for UDP may be taken for TCP before we give up.
const PORT_TRIES: usize = 64;

/// Two sockets on one port: a port that the system gave for UDP may be taken for TCP.
pub(super) fn sockets(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        tries += 1;
        let udp = UdpSocket::bind(address)?;
        match TcpListener::bind(udp.local_addr()?) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if address.port() != 0 || tries == PORT_TRIES => return Err(error),
            Err(_) => {}
        }
    }
}

pub(super) fn serve_udp(shared: &Arc<Shared>, socket: &Arc<UdpSocket>, threads: &Threads) {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let received = socket.recv_from(&mut buffer);
        if shared.lock().stopped {
            return;
        }
        let Ok((length, client)) = received else { continue };
        let Some(question) = Question::read(&buffer[..length], Transport::Udp) else { continue };
        match shared.arrive(&question) {
            Fate::Reply(reply) => send(socket, client, reply),
            Fate::Wait(delay) => {
                let (shared, socket) = (Arc::clone(shared), Arc::clone(socket));
                // Where no thread can be had the query is lost, which is what UDP is like.
                drop(threads.spawn("lb-test dns held", move || {
                    send(&socket, client, shared.reply_later(&question, delay));
                }));
            }
        }
    }
}

fn send(socket: &UdpSocket, client: SocketAddr, reply: Reply) {
    if let Reply::Bytes(bytes) = reply {
        drop(socket.send_to(&bytes, client));
    }
}

pub(super) fn serve_tcp(shared: &Shared, mut stream: &TcpStream) {
    while let Ok(Some(question)) = read_question(stream) {
        let reply = match shared.arrive(&question) {
            Fate::Reply(reply) => reply,
            Fate::Wait(delay) => shared.reply_later(&question, delay),
        };
        let written = match reply {
            Reply::Bytes(bytes) => stream.write_all(&framed(&bytes)),
            Reply::Silence => Ok(()),
            Reply::Close => return,
        };
        if written.is_err() {
            return;
        }
    }
}

fn read_question(mut stream: &TcpStream) -> io::Result<Option<Question>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes)?;
    Ok(Question::read(&bytes, Transport::Tcp))
}

/// A message on a connection goes behind its length (RFC 1035, section 4.2.2).
fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), bytes].concat()
}
