//! Relative names: which absolute ones to ask for, and which answer counts.

use crate::answer::shorter;
use crate::{Absence, Addresses, SrvAnswer, name};

use super::failure::Failure;

/// How the system completes relative names (resolv.conf(5), "search" and "ndots").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchList {
    /// A name with at least this many dots is first asked for as it is.
    pub(crate) ndots: usize,
    /// What is appended, in this order.
    pub(crate) domains: Vec<String>,
}

impl SearchList {
    /// The absolute names to ask for, in order, each once, lower case, without the final dot. Those that would become too
    /// long, or are no names, are left out.
    pub(crate) fn candidates(&self, name: &str) -> Vec<String> {
        let own = name::canonical(name);
        if name::is_absolute(name) {
            return vec![own];
        }
        let domains = self.domains.iter().map(|domain| name::canonical(domain));
        let completed = domains.map(|domain| match domain.as_str() {
            "" => own.clone(),
            domain => format!("{own}.{domain}"),
        });
        let mut candidates: Vec<String> = completed.filter(|name| name::check(name).is_ok()).collect();
        let own_place = if own.matches('.').count() >= self.ndots { 0 } else { candidates.len() };
        candidates.insert(own_place, own);
        let mut seen = std::collections::HashSet::new();
        candidates.retain(|name| seen.insert(name.clone()));
        candidates
    }
}

/// What a search is for: records that may be absent.
pub(crate) trait Answered: Default {
    fn is_empty(&self) -> bool;
    /// Adds what another candidate says of its absence.
    fn absent_too(&mut self, other: Self);
}

impl Answered for SrvAnswer {
    fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    fn absent_too(&mut self, other: Self) {
        self.ttl = shorter(self.ttl, other.ttl);
        self.absence = most_there(self.absence, other.absence);
    }
}

impl Answered for Addresses {
    fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn absent_too(&mut self, other: Self) {
        self.ttl = shorter(self.ttl, other.ttl);
        self.absence = most_there(self.absence, other.absence);
    }
}

/// Of several names, one that exists is what to tell of.
pub(super) fn most_there(one: Option<Absence>, other: Option<Absence>) -> Option<Absence> {
    match (one, other) {
        (Some(Absence::NoRecords), _) | (_, Some(Absence::NoRecords)) => Some(Absence::NoRecords),
        (one, other) => one.or(other),
    }
}

/// Collects what the candidates brought: the first one with records wins, and a failure is not masked by a later "no such
/// name".
#[derive(Debug, Default)]
pub(crate) struct Search<T> {
    failure: Option<Failure>,
    negative: T,
}

impl<T: Answered> Search<T> {
    /// Adds the outcome of the next candidate, and returns the result of the search once it is clear.
    pub(crate) fn add(&mut self, outcome: Result<T, Failure>) -> Option<Result<T, Failure>> {
        match outcome {
            Ok(answer) if answer.is_empty() => {
                self.negative.absent_too(answer);
                None
            }
            Ok(answer) => Some(Ok(answer)),
            Err(failure) => {
                let nobody_answers = failure.is_silence();
                let first = self.failure.take().unwrap_or(failure);
                if nobody_answers {
                    // The next candidates would cost their timeouts only to find the same silence.
                    return Some(Err(first));
                }
                self.failure = Some(first);
                None
            }
        }
    }

    /// The result when no candidate is left.
    pub(crate) fn end(self) -> Result<T, Failure> {
        self.failure.map_or(Ok(self.negative), Err)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hickory_proto::rr::RecordType;
    use proptest::prelude::*;

    use super::super::failure::Fault;
    use super::*;
    use crate::SrvRecord;

    fn list(ndots: usize, domains: &[&str]) -> SearchList {
        SearchList { ndots, domains: domains.iter().map(|&domain| domain.into()).collect() }
    }

    fn truncated() -> Fault {
        Fault::Truncated(Box::new(Fault::Closed))
    }

    fn records(target: &str) -> SrvAnswer {
        SrvAnswer::new([SrvRecord::new(target, 80)])
    }

    fn nothing(ttl: u64) -> SrvAnswer {
        SrvAnswer::new([]).with_ttl(Duration::from_secs(ttl))
    }

    fn failed(fault: Fault) -> Result<SrvAnswer, Failure> {
        Err(Failure::new("x", RecordType::SRV, vec![(([127, 0, 0, 1], 53).into(), fault)]))
    }

    fn search(outcomes: Vec<Result<SrvAnswer, Failure>>) -> Result<SrvAnswer, String> {
        let mut search = Search::default();
        let early = outcomes.into_iter().find_map(|outcome| search.add(outcome));
        early.unwrap_or_else(|| search.end()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn an_absolute_name_is_asked_as_it_is() {
        assert_eq!(list(5, &["corp"]).candidates("Web.Example."), ["web.example"]);
    }

    #[test]
    fn enough_dots_put_the_name_itself_first_and_too_few_put_it_last() {
        let domains = ["a.test", "B.test."];
        let (few, completed) = ("_h._tcp.w", ["_h._tcp.w.a.test", "_h._tcp.w.b.test"]);
        assert_eq!(list(1, &domains).candidates(few), [few, completed[0], completed[1]]);
        assert_eq!(list(5, &domains).candidates(few), [completed[0], completed[1], few]);
    }

    #[test]
    fn candidates_that_repeat_or_are_too_long_are_left_out() {
        let long = "a.".repeat(127);
        assert_eq!(list(9, &["b", "b", ".", "", "b..c", &long]).candidates("a"), ["a.b", "a"]);
        assert_eq!(list(9, &[&long]).candidates("abcdef"), ["abcdef"]);
    }

    #[test]
    fn the_first_candidate_with_records_wins() {
        assert_eq!(search(vec![Ok(nothing(1)), Ok(records("a")), Ok(records("b"))]), Ok(records("a")));
        assert_eq!(search(vec![failed(truncated()), Ok(records("b"))]), Ok(records("b")));
    }

    #[test]
    fn a_failure_is_never_masked_by_a_later_no_such_name() {
        let result = search(vec![Ok(nothing(1)), failed(truncated()), Ok(nothing(1))]);
        assert!(result.expect_err("the failure counts").contains("truncated"));
    }

    #[test]
    fn silence_ends_the_search_and_an_earlier_failure_is_what_is_told() {
        let silence = || failed(Fault::TimedOut(Duration::from_secs(1)));
        assert!(
            search(vec![silence(), Ok(records("b"))]).expect_err("no more is asked").contains("timed out")
        );
        let result = search(vec![failed(truncated()), silence(), Ok(records("b"))]);
        assert!(result.expect_err("no more is asked").contains("truncated"));
    }

    #[test]
    fn nothing_anywhere_is_an_answer_that_is_good_for_the_shortest_time() {
        assert_eq!(search(vec![Ok(nothing(30)), Ok(nothing(7)), Ok(nothing(60))]), Ok(nothing(7)));
    }

    proptest! {
        #[test]
        fn candidates_are_names_and_hold_the_name_itself(
            name in "[a-z]{1,10}(\\.[a-z]{1,10}){0,5}\\.?", ndots in 0_usize..8, domains in proptest::collection::vec("[a-z.]{0,90}", 0..4),
        ) {
            let candidates = SearchList { ndots, domains }.candidates(&name);
            prop_assert!(candidates.contains(&name::canonical(&name)));
            prop_assert!(candidates.iter().all(|candidate| name::check(candidate).is_ok()));
        }
    }
}
