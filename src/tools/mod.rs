//! What a tool call reaches: SQL through the store, HTTP.
//! Never decides whether a call is allowed.
