//! What a company brings: its pack, knowledge, identity rules and tools' contracts.
//! Never talks to a language model and holds no prompts.
