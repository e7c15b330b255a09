//! Health, metrics and text chat over HTTP.
//! Never touches call, media or speech.
