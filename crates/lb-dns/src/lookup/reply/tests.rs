use hickory_proto::rr::rdata::{CNAME, SRV};

use super::*;

const LIMIT: usize = 8;

fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

fn alias_to(owner: &str, target: &str, ttl: u32) -> Record {
    Record::from_rdata(name(owner), ttl, RData::CNAME(CNAME(name(target))))
}

fn srv(owner: &str, target: &str, ttl: u32) -> Record {
    Record::from_rdata(name(owner), ttl, RData::SRV(SRV::new(1, 2, 80, name(target))))
}

fn read_answers(answers: Vec<Record>, code: ResponseCode) -> Result<Reply, Fault> {
    let response =
        Response { code, truncated: false, answers, authorities: Vec::new(), unreadable: 0, cut: false };
    read(response, &name("a."), RecordType::SRV, LIMIT)
}

#[test]
fn names_of_a_message_are_compared_without_regard_to_case() {
    let answers = vec![alias_to("A.", "b.", 9), srv("B.", "T.Example.", 30), srv("other.", "t.", 1)];
    let Ok(Reply::Records(found)) = read_answers(answers, ResponseCode::NoError) else {
        panic!("there are records")
    };
    let answer = found.into_srv();
    let expected = SrvRecord::new("T.Example.", 80).with_priority(1).with_weight(2);
    assert_eq!(answer, SrvAnswer::new([expected]).with_ttl(Duration::from_secs(9)));
}

#[test]
fn an_alias_to_nowhere_is_nothing_when_the_server_says_so_and_a_question_otherwise() {
    let answers = || vec![alias_to("a.", "b.", 9)];
    let nothing = read_answers(answers(), ResponseCode::NXDomain).expect("an answer");
    assert!(
        matches!(nothing, Reply::Nothing { ttl: Some(ttl), absence: Absence::NoSuchName } if ttl == Duration::from_secs(9))
    );
    let alias = read_answers(answers(), ResponseCode::NoError).expect("an answer");
    assert!(matches!(alias, Reply::Alias { to, steps: 1, .. } if to == name("b.")));
}

#[test]
fn a_ring_ends_beyond_the_limit() {
    let ring = vec![alias_to("a.", "b.", 9), alias_to("b.", "a.", 9)];
    let reply = read_answers(ring, ResponseCode::NoError).expect("an answer");
    assert!(matches!(reply, Reply::Alias { steps, .. } if steps > LIMIT), "{reply:?}");
}

#[test]
fn answers_to_another_question_are_a_fault() {
    let unrelated = read_answers(vec![srv("b.", "t.", 1)], ResponseCode::NoError);
    assert!(matches!(unrelated, Err(Fault::Unrelated)), "{unrelated:?}");
    let unknown = read_answers(vec![], ResponseCode::Unknown(77));
    assert!(matches!(unknown, Err(Fault::Code(_))), "{unknown:?}");
}

#[test]
fn case_30_a_target_that_is_an_ipv6_address_is_read_as_one() {
    for (label, text) in [("::1", "::1"), ("fd00::a:2", "fd00::a:2")] {
        let target = Name::from_labels([label.as_bytes()]).expect("a label of any octets");
        let record = Record::from_rdata(name("a."), 5, RData::SRV(SRV::new(0, 1, 80, target)));
        let found = Found { records: vec![record], ..Found::default() };
        assert_eq!(found.into_srv().records()[0].target(), text);
    }
}
