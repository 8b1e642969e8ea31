//! A question as it goes over the wire.

use hickory_proto::ProtoError;
use hickory_proto::op::{Edns, Message, Query};
use hickory_proto::rr::{Name, RecordType};

/// The largest UDP answer that we take: what passes everywhere unfragmented (DNS flag day 2020). Fragments are lost often.
pub(super) const PAYLOAD: u16 = 1232;

/// One message to send; each has an id of its own.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) id: u16,
    pub(super) edns: bool,
    pub(super) bytes: Vec<u8>,
}

impl Outgoing {
    pub(super) fn new(name: &Name, kind: RecordType, edns: bool) -> Result<Self, ProtoError> {
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(name.clone(), kind));
        if edns {
            let mut extension = Edns::new();
            extension.set_max_payload(PAYLOAD);
            message.set_edns(extension);
        }
        Ok(Self { id: message.metadata.id, edns, bytes: message.to_vec()? })
    }
}
