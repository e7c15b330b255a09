//! Numbers, traces and latency spans.
//! Call ids only, never a caller's data.
