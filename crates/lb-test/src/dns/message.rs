//! Answers as bytes: what fits, and what is done about what does not.

use hickory_proto::op::{Edns, Message, Metadata, OpCode};
use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder};

use super::behaviour::Behaviour;
use super::query::{Question, Transport};
use super::zone::Zone;

/// The largest datagram that loopback carries.
const LARGEST_DATAGRAM: u16 = 65_507;
/// What a client takes that says nothing (RFC 1035, section 4.2.1), and the least that any takes.
const PLAIN_PAYLOAD: u16 = 512;
/// The length of an OPT record without options.
const OPT_LENGTH: u16 = 11;
/// Consul's `udp_answer_limit`.
const CUT_TO: usize = 3;

/// What goes back to the client.
pub(super) enum Reply {
    Bytes(Vec<u8>),
    Silence,
    Close,
}

pub(super) fn reply(question: &Question, behaviour: Behaviour, zone: &Zone) -> Reply {
    let udp = question.query.transport == Transport::Udp;
    let has_edns = question.query.edns_payload.is_some();
    let limit = limit(question);
    let mut response = empty_response(question);
    match behaviour {
        Behaviour::Drop => return Reply::Silence,
        Behaviour::Close => return Reply::Close,
        Behaviour::Garbage => return Reply::Bytes(garbage(question.message.metadata.id)),
        Behaviour::Fail(code) => response.metadata.response_code = code.into(),
        Behaviour::PlainOnly(code) if has_edns => {
            response.metadata.response_code = code.into();
            response.edns = None;
        }
        Behaviour::PlainOrSilent if has_edns => return Reply::Silence,
        Behaviour::Truncate | Behaviour::AlwaysTruncate if udp => response.metadata.truncation = true,
        _ => zone.answer(question, &mut response),
    }
    if behaviour == Behaviour::WrongId {
        response.metadata.id = response.metadata.id.wrapping_add(1);
    }
    if behaviour == Behaviour::WrongQuestion {
        response.queries.iter_mut().for_each(|query| query.name = Name::root());
    }
    if behaviour == Behaviour::WrongOpcode {
        response.metadata.op_code = OpCode::Notify;
    }
    if behaviour == Behaviour::AlwaysTruncate {
        response.metadata.truncation = true;
    }
    if behaviour == Behaviour::Cut && udp && question.query.edns_payload.is_none() {
        response.answers.truncate(CUT_TO);
    }
    Reply::Bytes(fit(response, limit, behaviour != Behaviour::Cut))
}

fn limit(question: &Question) -> u16 {
    match question.query.transport {
        Transport::Tcp => u16::MAX,
        Transport::Udp => {
            question.query.edns_payload.unwrap_or(PLAIN_PAYLOAD).clamp(PLAIN_PAYLOAD, LARGEST_DATAGRAM)
        }
    }
}

fn empty_response(question: &Question) -> Message {
    let mut response = Message::response(question.message.metadata.id, question.message.metadata.op_code);
    response.metadata = Metadata::response_from_request(&question.message.metadata);
    response.metadata.authoritative = true;
    response.metadata.recursion_available = true;
    response.queries.clone_from(&question.message.queries);
    response.edns = question.message.edns.as_ref().map(|_| {
        let mut edns = Edns::new();
        edns.set_max_payload(LARGEST_DATAGRAM);
        edns
    });
    response
}

/// Leaves out glue first and says nothing, then answers, and says so where `honest`.
fn fit(mut response: Message, limit: u16, honest: bool) -> Vec<u8> {
    let truncation = response.metadata.truncation;
    let mut written = write(&response, limit);
    if written.cut && !truncation {
        response.additionals.clear();
        written = write(&response, limit);
    }
    if written.cut && !truncation {
        let room = write(&response, limit - OPT_LENGTH).answers;
        response.answers.truncate(room);
        response.metadata.truncation = honest;
        written = write(&response, limit);
    }
    written.bytes
}

struct Written {
    bytes: Vec<u8>,
    cut: bool,
    answers: usize,
}

/// The encoder writes whole records while there is room, sets the TC bit when there was not enough, and
/// counts in the head what it wrote.
fn write(message: &Message, limit: u16) -> Written {
    let mut bytes = Vec::new();
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_max_size(limit);
    let cut = message.emit(&mut encoder).is_err() || bytes.get(2).is_none_or(|flags| flags & 0b10 != 0);
    let answers = bytes.get(6..8).map_or(0, |count| usize::from(count[0]) << 8 | usize::from(count[1]));
    Written { bytes, cut, answers }
}

fn garbage(id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    let mut bytes = vec![high, low, 0x84, 0x00, 0, 1, 0, 5, 0, 0, 0, 0];
    bytes.extend([0xFF; 64]);
    bytes
}
