use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::RecordType;
use lb_test::{Behaviour, DnsServer, Kind, Rcode, Record, Transport};

use crate::client::{ID, ask, ask_kind, ask_tcp, query, receive, receive_tcp, send_tcp, tcp, udp};

const SERVICE: &str = "_http._tcp.example.";

fn server() -> DnsServer {
    let server = DnsServer::start().unwrap();
    server.set(SERVICE, [Record::srv(0, 1, 80, "a.example.")]);
    server
}

#[test]
fn any_response_code_for_all_names() {
    let server = server();
    for (code, expected) in [
        (Rcode::FormErr, ResponseCode::FormErr),
        (Rcode::ServFail, ResponseCode::ServFail),
        (Rcode::NxDomain, ResponseCode::NXDomain),
        (Rcode::NotImp, ResponseCode::NotImp),
        (Rcode::Refused, ResponseCode::Refused),
        (Rcode::Other(9), ResponseCode::NotAuth),
    ] {
        server.behave(Behaviour::Fail(code));
        for response in [ask(server.address(), SERVICE, None), ask_tcp(server.address(), SERVICE)] {
            assert_eq!(response.metadata.response_code, expected);
            assert!(response.answers.is_empty());
        }
    }
    server.behave(Behaviour::Answer);
    assert_eq!(ask(server.address(), SERVICE, None).answers.len(), 1);
}

#[test]
fn a_response_code_for_one_name() {
    let server = server();
    server.behave_for("BAD.example", Behaviour::Fail(Rcode::ServFail));
    let bad = ask(server.address(), "bad.example.", None);
    assert_eq!(bad.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(ask(server.address(), SERVICE, None).metadata.response_code, ResponseCode::NoError);
    server.behave(Behaviour::Answer);
    let forgotten = ask(server.address(), "bad.example.", None);
    assert_eq!(forgotten.metadata.response_code, ResponseCode::NXDomain);
}

#[test]
fn of_two_rules_the_later_counts() {
    let server = server();
    server.behave_for(SERVICE, Behaviour::Fail(Rcode::ServFail));
    server.behave_over(Transport::Udp, Behaviour::Fail(Rcode::Refused));
    assert_eq!(ask(server.address(), SERVICE, None).metadata.response_code, ResponseCode::Refused);
    assert_eq!(ask_tcp(server.address(), SERVICE).metadata.response_code, ResponseCode::ServFail);
}

// That a query was dropped shows in the next answer: it is the one to the next query, with later records.

#[test]
fn udp_is_dropped_while_tcp_answers() {
    let server = server();
    let events = server.events();
    server.behave_over(Transport::Udp, Behaviour::Drop);
    let socket = udp(server.address());
    socket.send(&query(SERVICE, RecordType::SRV, None)).unwrap();
    assert_eq!(events.recv().unwrap().transport, Transport::Udp);
    assert_eq!(ask_tcp(server.address(), SERVICE).answers.len(), 1);
    server.behave(Behaviour::Answer);
    server.set(SERVICE, []);
    socket.send(&query(SERVICE, RecordType::SRV, None)).unwrap();
    assert!(Message::from_vec(&receive(&socket)).unwrap().answers.is_empty());
}

#[test]
fn everything_is_dropped_and_a_connection_stays_open() {
    let server = server();
    let events = server.events();
    server.behave(Behaviour::Drop);
    let (socket, stream) = (udp(server.address()), tcp(server.address()));
    socket.send(&query(SERVICE, RecordType::SRV, None)).unwrap();
    send_tcp(&stream, SERVICE);
    assert_eq!(events.iter().take(2).count(), 2);
    server.behave(Behaviour::Answer);
    server.set(SERVICE, []);
    socket.send(&query(SERVICE, RecordType::SRV, None)).unwrap();
    send_tcp(&stream, SERVICE);
    assert!(Message::from_vec(&receive(&socket)).unwrap().answers.is_empty());
    assert!(receive_tcp(&stream).unwrap().answers.is_empty());
}

#[test]
fn truncated_over_udp_and_answered_over_tcp() {
    let server = server();
    server.behave(Behaviour::Truncate);
    let response = ask(server.address(), SERVICE, Some(4096));
    assert!(response.metadata.truncation);
    assert!(response.answers.is_empty());
    assert_eq!(ask_tcp(server.address(), SERVICE).answers.len(), 1);
}

#[test]
fn truncated_over_udp_and_refused_over_tcp() {
    let server = server();
    server.behave(Behaviour::Truncate);
    server.refuse_tcp();
    assert!(ask(server.address(), SERVICE, None).metadata.truncation);
    assert_eq!(TcpStream::connect(server.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    server.accept_tcp().unwrap();
    assert_eq!(ask_tcp(server.address(), SERVICE).answers.len(), 1);
}

#[test]
fn truncated_over_udp_and_silent_over_tcp() {
    let server = server();
    let events = server.events();
    server.behave_over(Transport::Udp, Behaviour::Truncate);
    server.behave_over(Transport::Tcp, Behaviour::Drop);
    assert!(ask(server.address(), SERVICE, None).metadata.truncation);
    let stream = tcp(server.address());
    send_tcp(&stream, SERVICE);
    assert!(events.iter().take(2).any(|query| query.transport == Transport::Tcp));
    server.behave(Behaviour::Answer);
    server.set(SERVICE, []);
    send_tcp(&stream, SERVICE);
    assert!(receive_tcp(&stream).unwrap().answers.is_empty());
}

#[test]
fn a_connection_is_closed_without_an_answer() {
    let server = server();
    server.behave(Behaviour::Close);
    let stream = tcp(server.address());
    send_tcp(&stream, SERVICE);
    assert_eq!((&stream).read(&mut [0]).unwrap(), 0);
}

#[test]
fn garbage_has_the_right_id_and_cannot_be_read() {
    let server = server();
    server.behave(Behaviour::Garbage);
    let socket = udp(server.address());
    socket.send(&query(SERVICE, RecordType::SRV, None)).unwrap();
    let bytes = receive(&socket);
    assert_eq!(bytes[..2], ID.to_be_bytes());
    assert!(Message::from_vec(&bytes).is_err());
}

#[test]
fn a_wrong_id_on_a_right_answer() {
    let server = server();
    server.behave(Behaviour::WrongId);
    let response = ask(server.address(), SERVICE, None);
    assert_ne!(response.metadata.id, ID);
    assert_eq!(response.answers.len(), 1);
}

#[test]
fn a_delayed_answer_does_not_hold_up_others() {
    let server = server();
    let events = server.events();
    server.behave_for("slow.example.", Behaviour::Delay(Duration::from_millis(50)));
    let slow = udp(server.address());
    slow.send(&query("slow.example.", RecordType::SRV, None)).unwrap();
    assert_eq!(events.recv().unwrap().name, "slow.example.");
    assert_eq!(ask(server.address(), SERVICE, None).answers.len(), 1);
    let response = Message::from_vec(&receive(&slow)).unwrap();
    assert_eq!(response.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(server.held(), 0);
}

#[test]
fn a_hung_server_holds_queries_until_it_is_resumed() {
    let server = server();
    let events = server.events();
    server.pause();
    let (socket, stream) = (udp(server.address()), tcp(server.address()));
    socket.send(&query(SERVICE, RecordType::SRV, None)).unwrap();
    send_tcp(&stream, SERVICE);
    assert_eq!(events.iter().take(2).count(), 2);
    assert_eq!(server.held(), 2);
    server.set(SERVICE, []);
    server.resume();
    let response = Message::from_vec(&receive(&socket)).unwrap();
    assert!(response.answers.is_empty(), "what holds now is what is answered");
    assert!(receive_tcp(&stream).unwrap().answers.is_empty());
    assert_eq!(server.held(), 0);
}

#[test]
fn what_is_no_query_is_not_answered_and_does_no_harm() {
    let server = server();
    let socket = udp(server.address());
    socket.send(b"").unwrap();
    socket.send(b"hello").unwrap();
    let mut response = query(SERVICE, RecordType::SRV, None);
    response[2] |= 0x80;
    socket.send(&response).unwrap();
    let stream = tcp(server.address());
    (&stream).write_all(&[0, 3, 1, 2, 3]).unwrap();
    assert_eq!((&stream).read(&mut [0]).unwrap(), 0, "the connection is closed");
    socket.send(&query(SERVICE, RecordType::SRV, None)).unwrap();
    assert_eq!(Message::from_vec(&receive(&socket)).unwrap().answers.len(), 1);
    assert_eq!(server.queries().len(), 1);
}

#[test]
fn a_rule_for_one_type_of_records() {
    let server = server();
    server.set("a.example.", [Record::a([10, 0, 0, 1])]);
    server.behave_for_kind(Kind::A, Behaviour::Fail(Rcode::Refused));
    let refused = ask_kind(server.address(), "a.example.", RecordType::A, None);
    assert_eq!(refused.metadata.response_code, ResponseCode::Refused);
    assert_eq!(ask(server.address(), SERVICE, None).answers.len(), 1);
}

#[test]
fn a_server_that_knows_no_edns() {
    let server = server();
    server.behave(Behaviour::PlainOnly(Rcode::NotImp));
    let complaint = ask(server.address(), SERVICE, Some(1232));
    assert_eq!((complaint.metadata.response_code, complaint.edns), (ResponseCode::NotImp, None));
    assert_eq!(ask(server.address(), SERVICE, None).answers.len(), 1);
    server.behave(Behaviour::PlainOrSilent);
    let socket = udp(server.address());
    socket.send(&query(SERVICE, RecordType::SRV, Some(1232))).unwrap();
    socket.send(&query(SERVICE, RecordType::SRV, None)).unwrap();
    let only = Message::from_vec(&receive(&socket)).unwrap();
    assert!(only.edns.is_none(), "the first query is not answered");
}

#[test]
fn answers_to_another_question_and_with_another_opcode() {
    let server = server();
    server.behave(Behaviour::WrongQuestion);
    assert!(ask(server.address(), SERVICE, None).queries[0].name.is_root());
    assert!(ask_tcp(server.address(), SERVICE).queries[0].name.is_root());
    server.behave(Behaviour::WrongOpcode);
    assert_eq!(ask_tcp(server.address(), SERVICE).metadata.op_code, OpCode::Notify);
}

#[test]
fn a_truncated_answer_over_tcp_too() {
    let server = server();
    server.behave(Behaviour::AlwaysTruncate);
    let (udp, tcp) = (ask(server.address(), SERVICE, None), ask_tcp(server.address(), SERVICE));
    assert!(udp.metadata.truncation && udp.answers.is_empty());
    assert!(tcp.metadata.truncation && tcp.answers.len() == 1);
}
