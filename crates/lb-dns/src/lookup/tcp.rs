//! A question over a connection.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::exchange::Exchange;
use super::failure::Fault;
use super::message::{self, Incoming, Response};
use super::query::Outgoing;

/// Asks on a connection of its own. Without EDNS: what it is for here is the size of a datagram, and some servers complain
/// of it or are silent.
pub(super) async fn ask(exchange: &Exchange<'_>) -> Result<Response, Fault> {
    let outgoing = Outgoing::new(exchange.name, exchange.kind, false)?;
    let mut stream = TcpStream::connect(exchange.server).await?;
    stream.write_all(&framed(&outgoing.bytes)).await?;
    let (bytes, whole) = read_framed(&mut stream).await?;
    match message::read(&bytes, exchange.name, exchange.kind, &[&outgoing]) {
        Incoming::Answer(_, mut response) => {
            // There is no larger way to ask: what came is what there is.
            response.cut |= response.truncated || !whole;
            Ok(response)
        }
        Incoming::Unrelated => Err(Fault::Unrelated),
        Incoming::Garbage => Err(Fault::Garbage),
    }
}

/// A message on a connection goes behind its length (RFC 1035, section 4.2.2).
fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

/// The message, and whether all of it came before the connection was closed.
pub(super) async fn read_framed(stream: &mut (impl AsyncRead + Unpin)) -> Result<(Vec<u8>, bool), Fault> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).await.map_err(closed)?;
    let expected = usize::from(u16::from_be_bytes(length));
    let mut bytes = Vec::with_capacity(expected);
    stream.take(u64::from(u16::from_be_bytes(length))).read_to_end(&mut bytes).await?;
    let whole = bytes.len() == expected;
    Ok((bytes, whole))
}

fn closed(error: io::Error) -> Fault {
    if error.kind() == io::ErrorKind::UnexpectedEof { Fault::Closed } else { error.into() }
}
