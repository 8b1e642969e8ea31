//! Random bytes as answers.

use std::sync::Mutex;
use std::sync::mpsc;

use hickory_proto::op::{Message, MessageType};
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
}

fn damage() -> impl Strategy<Value = Damage> {
    let noise = || proptest::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        noise().prop_map(Damage::Noise),
        (any::<[u8; 3]>(), noise()).prop_map(|(c, n)| Damage::Records(c, n))
    ]
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
    let builder = asking_all(NAME, [server.address()]).timeout(SHORT / 50).resolve_targets(true);
    let ticked = Mutex::new(Ticked::build(builder.allow_initial_failure()));
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(damage in damage())| {
        sender.send(damage).expect("the server runs");
        let status = ticked.lock().expect("no panic").tick(1);
        prop_assert!(status.last_error().is_none_or(|error| !error.to_string().contains("panicked")), "{:?}", status);
    });
}
