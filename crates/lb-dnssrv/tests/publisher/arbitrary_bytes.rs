//! Random bytes as answers.

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::mpsc;

use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::rdata::{A, CNAME, SRV};
use hickory_proto::rr::{Name, RData, Record};
use proptest::prelude::*;

use crate::raw_server::RawServer;
use crate::support::{NAME, SHORT, Ticked, asking_all};

/// How a test damages an answer.
#[derive(Clone, Debug)]
enum Damage {
    /// Everything after the id.
    Noise(Vec<u8>),
    /// The question is right, and followed by noise that claims to be so many records in each section.
    Records([u8; 3], Vec<u8>),
    /// A right answer, some bytes of which are others.
    Flipped(Vec<(usize, u8)>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let noise = || proptest::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        noise().prop_map(Damage::Noise),
        (any::<[u8; 3]>(), noise()).prop_map(|(counts, noise)| Damage::Records(counts, noise)),
        proptest::collection::vec((2_usize..200, any::<u8>()), 0..4).prop_map(Damage::Flipped),
    ]
}

/// An alias, a record, and its target's address.
fn right_answer(query: &[u8]) -> Option<Message> {
    let mut message = Message::from_vec(query).ok()?;
    message.metadata.message_type = MessageType::Response;
    let asked = message.queries.first()?.name.clone();
    let (alias, target) = (Name::from_ascii("alias.example.").ok()?, Name::from_ascii("a.example.").ok()?);
    let data = [RData::CNAME(CNAME(alias.clone())), RData::SRV(SRV::new(0, 1, 80, target.clone()))];
    let records = [asked, alias].into_iter().zip(data);
    message.answers.extend(records.map(|(owner, data)| Record::from_rdata(owner, 60, data)));
    message.additionals.push(Record::from_rdata(target, 60, RData::A(A::new(10, 0, 0, 1))));
    Some(message)
}

fn answer(query: &[u8], damage: &Damage) -> Option<Vec<u8>> {
    match damage {
        Damage::Noise(noise) => Some([query.get(..2)?, noise].concat()),
        Damage::Records(counts, noise) => {
            let mut message = Message::from_vec(query).ok()?;
            message.metadata.message_type = MessageType::Response;
            message.edns = None;
            let mut bytes = message.to_vec().ok()?;
            for (section, count) in counts.iter().enumerate() {
                *bytes.get_mut(7 + 2 * section)? = count % 4;
            }
            bytes.extend_from_slice(noise);
            Some(bytes)
        }
        Damage::Flipped(flips) => {
            let mut bytes = right_answer(query)?.to_vec().ok()?;
            for (place, byte) in flips {
                let length = bytes.len();
                *bytes.get_mut(2 + place % (length - 2))? = *byte;
            }
            Some(bytes)
        }
    }
}

#[test]
fn any_bytes_as_an_answer_are_an_answer_or_a_failure_and_never_a_panic() {
    let (sender, damages) = mpsc::channel::<Damage>();
    let damages = Mutex::new(damages);
    let server = RawServer::start(move |query| {
        let damage = damages.lock().ok()?.try_recv().ok()?;
        answer(query, &damage)
    });
    // Noise that is no message is not waited out: the next datagram, sent again, gets the next noise or none.
    let builder = asking_all(NAME, [server.address()]).timeout(SHORT / 10);
    let ticked = Mutex::new(Ticked::build(builder.allow_initial_failure()));
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    let refreshes = Cell::new((0, 0));
    proptest!(config, |(damage in damage())| {
        sender.send(damage).expect("the server runs");
        let status = ticked.lock().expect("no panic").tick(1);
        refreshes.set((status.refreshes(), status.failures()));
        prop_assert!(status.last_error().is_none_or(|error| !error.to_string().contains("panicked")), "{:?}", status);
    });
    let (all, failed) = refreshes.get();
    assert!(all > 300 && failed > 0 && all - failed > 20, "both outcomes were met: {failed} of {all} failed");
}
