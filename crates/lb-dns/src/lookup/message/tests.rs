use hickory_proto::op::Message;
use hickory_proto::rr::RData;
use hickory_proto::rr::rdata::A;
use proptest::prelude::*;

use super::*;

type Change = fn(&mut Message);

const KIND: RecordType = RecordType::A;

fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

fn asked() -> Outgoing {
    Outgoing::new(&name("a.example."), KIND, true).expect("it can be written")
}

/// A response of two records, changed as a case wants it.
fn response(outgoing: &Outgoing, change: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut message = Message::from_vec(&outgoing.bytes).expect("our own");
    message.metadata.message_type = MessageType::Response;
    for last in [1, 2] {
        let data = RData::A(A::new(10, 0, 0, last));
        message.answers.push(Record::from_rdata(name("a.example."), 60, data));
    }
    change(&mut message);
    message.to_vec().expect("it can be written")
}

fn read_as(outgoing: &Outgoing, bytes: &[u8]) -> Incoming {
    read(bytes, &name("a.example."), KIND, &[outgoing])
}

#[test]
fn case_31d_id_opcode_and_question_have_to_be_ours() {
    let changes: [(&str, Change); 6] = [
        ("another id", |message| message.metadata.id = message.metadata.id.wrapping_add(1)),
        ("a query", |message| message.metadata.message_type = MessageType::Query),
        ("NOTIFY", |message| message.metadata.op_code = OpCode::Notify),
        ("another name", |message| message.queries[0].name = name("b.example.")),
        ("another type", |message| message.queries[0].query_type = RecordType::AAAA),
        ("no question", |message| message.queries.clear()),
    ];
    let outgoing = asked();
    for (what, change) in changes {
        let incoming = read_as(&outgoing, &response(&outgoing, change));
        assert!(matches!(incoming, Incoming::Unrelated), "{what}: {incoming:?}");
    }
}

#[test]
fn a_complaint_may_leave_the_question_out() {
    let outgoing = asked();
    let bytes = response(&outgoing, |message| {
        message.queries.clear();
        message.answers.clear();
        message.metadata.response_code = ResponseCode::FormErr;
    });
    let Incoming::Answer(0, response) = read_as(&outgoing, &bytes) else { panic!("it is ours") };
    assert_eq!(response.code, ResponseCode::FormErr);
}

#[test]
fn case_25_of_a_message_that_was_cut_what_came_counts() {
    let outgoing = asked();
    let bytes = response(&outgoing, |message| message.edns = None);
    let Incoming::Answer(0, response) = read_as(&outgoing, &bytes[..bytes.len() - 3]) else {
        panic!("one record is whole")
    };
    assert_eq!((response.answers.len(), response.cut), (1, true));
    let nothing = read_as(&outgoing, &bytes[..30]);
    assert!(matches!(nothing, Incoming::Garbage), "{nothing:?}");
}

#[test]
fn a_record_that_cannot_be_read_costs_itself() {
    let outgoing = asked();
    let mut bytes = response(&outgoing, |message| message.edns = None);
    // The last record's data gets a length of 3, which no IPv4 address has.
    let place = bytes.len() - 5;
    bytes[place] = 3;
    bytes.pop();
    let Incoming::Answer(0, response) = read_as(&outgoing, &bytes) else { panic!("the other one is good") };
    assert_eq!((response.answers.len(), response.unreadable, response.cut), (1, 1, false));
}

#[test]
fn a_record_without_data_cannot_be_read() {
    let outgoing = asked();
    let bytes = response(&outgoing, |message| message.answers[1].data = RData::Update0(KIND));
    let Incoming::Answer(0, response) = read_as(&outgoing, &bytes) else { panic!("the other one is good") };
    assert_eq!((response.answers.len(), response.unreadable, response.cut), (1, 1, false));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        tail in proptest::collection::vec(any::<u8>(), 0..200), flags in any::<[u8; 10]>(),
    ) {
        let outgoing = asked();
        let bytes = [&outgoing.id.to_be_bytes(), &flags[..], &tail].concat();
        let _ = read_as(&outgoing, &bytes);
    }

    #[test]
    fn any_change_of_a_response_is_read_without_panic(place in 0_usize..75, value in any::<u8>()) {
        let outgoing = asked();
        let mut bytes = response(&outgoing, |_| {});
        let place = place % bytes.len();
        bytes[place] = value;
        let _ = read_as(&outgoing, &bytes);
    }
}
