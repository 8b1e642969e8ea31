//! A publisher that follows the SRV records of a DNS name.
