//! Text to commands to policy to sentences.
//! Never sees audio; a brain only proposes commands.
