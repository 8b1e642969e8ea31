//! From bytes to what a server says: as much of a message as can be read.

use hickory_proto::op::{Header, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use super::query::Outgoing;

/// A server's message, as far as it could be read.
#[derive(Debug)]
pub(crate) struct Response {
    pub(super) code: ResponseCode,
    pub(super) truncated: bool,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
    /// Records whose data could not be read.
    pub(super) unreadable: u64,
    /// The message ends before it should: what was read of it is all that there is.
    pub(super) cut: bool,
}

/// What bytes from a server are.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A response to the message of this place among those that were sent.
    Answer(usize, Response),
    /// Not a response to our question.
    Unrelated,
    /// Our id, but then not a message.
    Garbage,
}

/// Reads a message and finds what it responds to, over UDP and TCP alike: id, opcode and question have to be ours.
pub(super) fn read(bytes: &[u8], name: &Name, kind: RecordType, sent: &[&Outgoing]) -> Incoming {
    let mut decoder = BinDecoder::new(bytes);
    let Ok(header) = Header::read(&mut decoder) else { return Incoming::Unrelated };
    let metadata = &header.metadata;
    let Some(place) = sent.iter().position(|outgoing| outgoing.id == metadata.id) else {
        return Incoming::Unrelated;
    };
    if metadata.message_type != MessageType::Response || metadata.op_code != OpCode::Query {
        return Incoming::Unrelated;
    }
    let count = usize::from(header.counts.queries);
    let Ok(questions) = Message::read_queries(&mut decoder, count) else { return Incoming::Garbage };
    if !is_ours(&questions, name, kind, metadata.response_code) {
        return Incoming::Unrelated;
    }
    let mut sections = Sections { decoder, unreadable: 0, cut: false };
    let answers = sections.read(header.counts.answers);
    let authorities = sections.read(header.counts.authorities);
    let unreadable = sections.unreadable;
    let (cut, additionals) = (sections.cut, sections.read(header.counts.additionals));
    let response = Response {
        code: extended(metadata.response_code, &additionals),
        truncated: metadata.truncation,
        answers,
        authorities,
        unreadable,
        cut,
    };
    if response.cut && response.answers.is_empty() {
        Incoming::Garbage
    } else {
        Incoming::Answer(place, response)
    }
}

/// A server that cannot read a question may leave it out of its complaint.
fn is_ours(questions: &[Query], name: &Name, kind: RecordType, code: ResponseCode) -> bool {
    match questions {
        [] => !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain),
        [asked] => asked.name == *name && asked.query_type == kind && asked.query_class == DNSClass::IN,
        _ => false,
    }
}

/// The upper bits of a response code are in the OPT record's TTL (RFC 6891, section 6.1.3).
fn extended(code: ResponseCode, additionals: &[Record]) -> ResponseCode {
    let opt = additionals.iter().find(|record| record.record_type() == RecordType::OPT);
    let high = opt.map_or(0, |record| record.ttl.to_be_bytes()[0]);
    if high == 0 { code } else { ResponseCode::from(high, code.low()) }
}

struct Sections<'a> {
    decoder: BinDecoder<'a>,
    unreadable: u64,
    cut: bool,
}

impl Sections<'_> {
    fn read(&mut self, count: u16) -> Vec<Record> {
        let mut records = Vec::new();
        for _ in 0..count {
            if self.cut {
                break;
            }
            let mut ahead = self.decoder.clone(at(&self.decoder));
            match Record::read(&mut ahead) {
                Ok(record) if has_data(&record) => {
                    records.push(record);
                    self.decoder = ahead;
                }
                _ => self.pass_over(),
            }
        }
        records
    }

    /// Goes on behind a record whose data cannot be read; where that is past the end, the message was cut.
    fn pass_over(&mut self) {
        match end_of_record(&mut self.decoder) {
            Some(end) => {
                self.decoder = self.decoder.clone(end);
                self.unreadable += 1;
            }
            None => self.cut = true,
        }
    }
}

/// Updates have records without data (RFC 2136), so the codec lets them pass; in an answer they are none of their type. Only
/// an OPT record may have no data.
fn has_data(record: &Record) -> bool {
    !matches!(record.data, RData::Update0(kind) if kind != RecordType::OPT)
}

fn end_of_record(decoder: &mut BinDecoder<'_>) -> Option<u16> {
    Name::read(decoder).ok()?;
    decoder.read_slice(8).ok()?;
    let length = decoder.read_u16().ok()?.unverified();
    decoder.read_slice(usize::from(length)).ok()?;
    u16::try_from(decoder.index()).ok()
}

fn at(decoder: &BinDecoder<'_>) -> u16 {
    u16::try_from(decoder.index()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
