use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::{Name, RecordType};

use super::record::key;

/// A query that arrived at a [`DnsServer`](crate::DnsServer), whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Query {
    /// The name asked for, in lower case and with the final dot.
    pub name: String,
    /// The record type asked for.
    pub kind: Kind,
    /// How it came.
    pub transport: Transport,
    /// The largest UDP answer, in bytes, that the client said it takes; `None` when it sent no EDNS.
    pub edns_payload: Option<u16>,
}

/// The types of records that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Where a service is (RFC 2782).
    Srv,
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// Another name.
    Cname,
    /// Anything else, by its number.
    Other(u16),
}

impl From<RecordType> for Kind {
    fn from(kind: RecordType) -> Self {
        match kind {
            RecordType::SRV => Self::Srv,
            RecordType::A => Self::A,
            RecordType::AAAA => Self::Aaaa,
            RecordType::CNAME => Self::Cname,
            other => Self::Other(other.into()),
        }
    }
}

/// How a query reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// In a datagram.
    Udp,
    /// On a connection.
    Tcp,
}

/// A query as the server works on it: the message that came, read once.
#[derive(Clone)]
pub(super) struct Question {
    pub(super) message: Message,
    pub(super) name: Name,
    pub(super) query: Query,
}

impl Question {
    /// `None` for bytes that are no query with one question; they are not answered.
    pub(super) fn read(bytes: &[u8], transport: Transport) -> Option<Self> {
        let message = Message::from_vec(bytes).ok()?;
        let [asked] = message.queries.as_slice() else { return None };
        if message.metadata.message_type != MessageType::Query {
            return None;
        }
        let name = asked.name.clone();
        let query = Query {
            name: key(&name),
            kind: asked.query_type.into(),
            transport,
            edns_payload: message.edns.as_ref().map(hickory_proto::op::Edns::max_payload),
        };
        Some(Self { message, name, query })
    }
}
