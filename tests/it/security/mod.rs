//! Who is let in and who is not, and what nobody may see: roles, tokens, keys, TLS, headers, logs, limits (protocol.md 2, 6, 7).

mod certificates;
mod frames;
mod guessing;
mod headers;
mod keys;
mod logs;
mod roles;
mod tls;
mod tokens;
