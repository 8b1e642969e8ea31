//! Which IP versions are asked for in a refresh, and what is known of names whose servers were silent about one.

use std::collections::HashMap;
use std::net::IpAddr;

use hickory_proto::rr::RecordType;

use super::addresses::Asked;
use super::failure::Failure;
use super::search::most_there;
use crate::answer::shorter;
use crate::{Addresses, Families};

/// For how many refreshes an IP version is not asked for that all servers were silent about.
const REST: u32 = 20;

/// The IP versions of one lookup, over its refreshes.
#[derive(Debug)]
pub(crate) struct FamiliesAsked {
    families: Families,
    /// For how many refreshes more a version rests.
    resting: HashMap<RecordType, u32>,
    /// What was found last, so that a lost answer about one IP version takes no endpoint away.
    known: HashMap<(String, RecordType), Addresses>,
}

impl FamiliesAsked {
    pub(crate) fn new(families: Families) -> Self {
        Self { families, resting: HashMap::new(), known: HashMap::new() }
    }

    /// Begins one refresh.
    pub(crate) fn next_refresh(&mut self) {
        self.resting.retain(|_, rest| {
            *rest -= 1;
            *rest > 0
        });
    }

    /// What to ask for now. `no_aaaa` is resolv.conf's, which a version chosen in the program outweighs.
    pub(crate) fn kinds(&self, no_aaaa: bool) -> Vec<RecordType> {
        let kinds: &[RecordType] = match self.families {
            Families::V4 => &[RecordType::A],
            Families::V6 => &[RecordType::AAAA],
            _ if no_aaaa => &[RecordType::A],
            _ => &[RecordType::A, RecordType::AAAA],
        };
        let awake: Vec<_> = kinds.iter().copied().filter(|kind| !self.resting.contains_key(kind)).collect();
        // To ask for nothing would be to find nothing.
        if awake.is_empty() { kinds.to_vec() } else { awake }
    }

    /// What is to be said of each name. A version that every question was silent about, while another has answers, rests.
    pub(crate) fn gather(&mut self, names: &[String], all: Vec<Asked>) -> Vec<Result<Addresses, Failure>> {
        self.let_rest(&all);
        self.forget_others(names);
        let mut gathered: Vec<Gathered> = names.iter().map(|_| Gathered::default()).collect();
        for Asked { kind, outcomes } in all {
            for ((name, outcome), gathered) in names.iter().zip(outcomes).zip(&mut gathered) {
                match outcome {
                    Ok(found) => {
                        gathered.add(&found);
                        self.known.insert((name.clone(), kind), found);
                    }
                    Err(failure) => gathered.fail(failure, self.known(name, kind)),
                }
            }
        }
        let rested = self.resting.iter().filter(|(_, rest)| **rest < REST).map(|(kind, _)| *kind);
        for kind in rested.collect::<Vec<_>>() {
            for (name, gathered) in names.iter().zip(&mut gathered) {
                gathered.before.extend(self.known(name, kind));
            }
        }
        gathered.into_iter().map(|gathered| gathered.end(self.families)).collect()
    }

    fn known(&self, name: &str, kind: RecordType) -> Vec<IpAddr> {
        self.known.get(&(name.to_owned(), kind)).map(|known| known.list.clone()).unwrap_or_default()
    }

    /// Keeps what is known from growing without end when names come and go.
    fn forget_others(&mut self, names: &[String]) {
        if self.known.len() > 4 * names.len() + 64 {
            let names: std::collections::HashSet<&String> = names.iter().collect();
            self.known.retain(|(name, _), _| names.contains(name));
        }
    }

    fn let_rest(&mut self, all: &[Asked]) {
        let answers = |asked: &Asked| asked.outcomes.iter().any(Result::is_ok);
        let silent = |asked: &Asked| {
            let failures = asked.outcomes.iter().map(|outcome| outcome.as_ref().err());
            !asked.outcomes.is_empty()
                && failures.into_iter().all(|failure| failure.is_some_and(Failure::is_silence))
        };
        if !all.iter().any(answers) {
            // Whatever rests may be what answers now.
            self.resting.clear();
            return;
        }
        for asked in all.iter().filter(|asked| silent(asked)) {
            self.resting.insert(asked.kind, REST);
        }
    }
}

/// What is known of one name. One IP version is enough: the failure to find out about the other then does not count, and
/// what was known of it goes on.
#[derive(Default)]
struct Gathered {
    found: Addresses,
    answered: bool,
    failure: Option<Failure>,
    before: Vec<IpAddr>,
}

impl Gathered {
    fn add(&mut self, found: &Addresses) {
        self.answered = true;
        self.found.ttl = shorter(self.found.ttl, found.ttl);
        self.found.absence = most_there(self.found.absence, found.absence);
        self.found.list.extend_from_slice(&found.list);
        self.found.unreadable += found.unreadable;
    }

    fn fail(&mut self, failure: Failure, before: Vec<IpAddr>) {
        self.failure.get_or_insert(failure);
        self.before.extend(before);
    }

    fn end(mut self, families: Families) -> Result<Addresses, Failure> {
        if self.answered {
            self.found.list.append(&mut self.before);
        }
        if self.found.list.is_empty() {
            return self.failure.map_or(Ok(self.found), Err);
        }
        self.found.absence = None;
        self.found.list.sort_unstable();
        self.found.list.dedup();
        families.prefer(&mut self.found.list);
        Ok(self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::Fault;
    use super::*;

    fn silence(kind: RecordType) -> Asked {
        let fault = Fault::TimedOut(std::time::Duration::from_secs(1));
        let failure = Failure::new("web", kind, vec![(([127, 0, 0, 1], 53).into(), fault)]);
        Asked { kind, outcomes: vec![Err(failure)] }
    }

    #[test]
    fn case_24_the_one_version_that_is_left_is_asked_for_although_it_rests() {
        let mut families = FamiliesAsked::new(Families::Both);
        let answer = Asked { kind: RecordType::AAAA, outcomes: vec![Ok(Addresses::default())] };
        drop(families.gather(&["web".to_owned()], vec![silence(RecordType::A), answer]));
        assert_eq!(families.kinds(false), [RecordType::AAAA]);
        assert_eq!(families.kinds(true), [RecordType::A], "resolv.conf now says no-aaaa");
    }
}
