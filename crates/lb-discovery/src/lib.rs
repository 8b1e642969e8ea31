//! The loop that every dynamic publisher shares: schedule, backoff, expiry, status, prompt stop.
