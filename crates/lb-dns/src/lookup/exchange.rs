//! One question to one server, by whatever way gets an answer within the time.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use hickory_proto::rr::{Name, RecordType};
use tokio::time::timeout;

use super::failure::Fault;
use super::message::Response;
use super::race::first_success;
use super::tcp;
use super::udp::{self, Datagram};

/// A question to a server.
///
/// ```text
/// UDP with EDNS ──answer──▶ done          ──FORMERR, NOTIMP, BADVERS──▶ at once without EDNS
///   │ silence: again after 1/6 of the time, without EDNS after 1/3, over TCP beside it after 1/2
///   ├─truncated, refused, garbage──▶ at once over TCP
///   └─may have been cut silently──▶ over TCP for 1/3 of the time; else it counts as it is
/// ```
///
/// Over TCP there is no EDNS.
pub(super) struct Exchange<'a> {
    pub(super) server: SocketAddr,
    pub(super) name: &'a Name,
    pub(super) kind: RecordType,
    /// For all of it.
    pub(super) time: Duration,
    pub(super) tcp_only: bool,
}

impl Exchange<'_> {
    pub(super) async fn run(&self) -> Result<Response, Fault> {
        match timeout(self.time, self.ask()).await {
            Ok(result) => result,
            Err(_) => Err(Fault::TimedOut(self.time)),
        }
    }

    async fn ask(&self) -> Result<Response, Fault> {
        if self.tcp_only {
            return tcp::ask(self).await;
        }
        let mut udp = pin!(self.ask_udp_first());
        match timeout(self.time / 2, udp.as_mut()).await {
            Ok(result) => result,
            // The datagram may still be answered, also when the connection is refused.
            Err(_) => first_success(udp, tcp::ask(self)).await,
        }
    }

    async fn ask_udp_first(&self) -> Result<Response, Fault> {
        match udp::ask(self).await {
            Ok(Datagram::Whole(response)) => Ok(response),
            Ok(Datagram::PerhapsCut(response)) => match timeout(self.time / 3, tcp::ask(self)).await {
                Ok(Ok(second)) if is_as_good(&second, &response) => Ok(second),
                _ => Ok(response),
            },
            Ok(Datagram::Truncated) => {
                tcp::ask(self).await.map_err(|fault| Fault::Truncated(Box::new(fault)))
            }
            Ok(Datagram::Fault(fault)) => Err(fault),
            Err(fault) => tcp::ask(self).await.map_err(|_| fault),
        }
    }
}

/// Whether a second look tells as much as the first: a server may fail over TCP, or close the connection too soon.
fn is_as_good(second: &Response, first: &Response) -> bool {
    second.code == first.code && (!second.cut || second.answers.len() >= first.answers.len())
}
