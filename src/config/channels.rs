//! What the operator may set of social apps: the names of the variables that hold their secrets, and where their APIs are.
//! Never holds a secret itself: a channel is off until its variables are set.

use serde::Deserialize;

/// The table `[http.channels]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelsConfig {
    /// A Telegram bot.
    pub telegram: TelegramConfig,
    /// A number of the WhatsApp Cloud API.
    pub whatsapp: WhatsAppConfig,
}

/// The table `[http.channels.telegram]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelegramConfig {
    /// The variable with the `secret_token` that was given to `setWebhook`.
    pub secret_env: String,
    /// The variable with the bot's token.
    pub token_env: String,
    /// Where the Bot API is.
    pub api: String,
}

impl Default for TelegramConfig {
    fn default() -> Self {
        Self {
            secret_env: "TELEGRAM_WEBHOOK_SECRET".to_owned(),
            token_env: "TELEGRAM_BOT_TOKEN".to_owned(),
            api: "https://api.telegram.org".to_owned(),
        }
    }
}

/// The table `[http.channels.whatsapp]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhatsAppConfig {
    /// The variable with the app's secret, which signs the webhooks.
    pub secret_env: String,
    /// The variable with the text that Meta sends once to verify the address.
    pub verify_env: String,
    /// The variable with the access token that answers are sent with.
    pub token_env: String,
    /// The id of the phone number (not the number itself).
    pub number_id: String,
    /// Where the Graph API is, with its version.
    pub api: String,
    /// The host that photos and voice notes are fetched from; an address elsewhere is not asked.
    pub media: String,
}

impl Default for WhatsAppConfig {
    fn default() -> Self {
        Self {
            secret_env: "WHATSAPP_APP_SECRET".to_owned(),
            verify_env: "WHATSAPP_VERIFY_TOKEN".to_owned(),
            token_env: "WHATSAPP_ACCESS_TOKEN".to_owned(),
            number_id: String::new(),
            api: "https://graph.facebook.com/v23.0".to_owned(),
            media: "https://lookaside.fbsbx.com".to_owned(),
        }
    }
}
