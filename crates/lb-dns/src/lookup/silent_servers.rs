//! Which name servers were silent lately.

use std::collections::HashMap;
use std::net::SocketAddr;

/// How many refreshes a silent server is asked last in.
const REST: u32 = 20;

/// Remembers the servers that did not answer, so that a dead one does not cost its timeout in every refresh: for some
/// refreshes it is asked last, then in its place again.
#[derive(Debug, Default)]
pub(super) struct SilentServers(HashMap<SocketAddr, u32>);

impl SilentServers {
    /// Begins one refresh.
    pub(super) fn next_refresh(&mut self) {
        self.0.retain(|_, rest| {
            *rest -= 1;
            *rest > 0
        });
    }

    /// Notes a server that did not answer in time. Failing quickly costs nothing and does not count.
    pub(super) fn did_not_answer(&mut self, server: SocketAddr) {
        self.0.insert(server, REST);
    }

    pub(super) fn answered(&mut self, server: SocketAddr) {
        self.0.remove(&server);
    }

    /// The order to ask in: as given, the silent ones last.
    pub(super) fn order(&self, servers: &[SocketAddr]) -> Vec<usize> {
        let (mut order, silent): (Vec<usize>, Vec<usize>) =
            (0..servers.len()).partition(|&index| !self.0.contains_key(&servers[index]));
        order.extend(silent);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers() -> [SocketAddr; 3] {
        [1, 2, 3].map(|last| ([127, 0, 0, last], 53).into())
    }

    #[test]
    fn silent_servers_are_asked_last_for_a_while_and_then_in_their_place_again() {
        let (servers, mut silent) = (servers(), SilentServers::default());
        assert_eq!(silent.order(&servers), [0, 1, 2]);
        silent.did_not_answer(servers[0]);
        for _ in 1..REST {
            silent.next_refresh();
            assert_eq!(silent.order(&servers), [1, 2, 0]);
        }
        silent.next_refresh();
        assert_eq!(silent.order(&servers), [0, 1, 2]);
    }

    #[test]
    fn one_that_answers_again_is_back_in_its_place() {
        let (servers, mut silent) = (servers(), SilentServers::default());
        for server in servers {
            silent.did_not_answer(server);
        }
        assert_eq!(silent.order(&servers), [0, 1, 2]);
        silent.answered(servers[2]);
        assert_eq!(silent.order(&servers), [2, 0, 1]);
    }
}
