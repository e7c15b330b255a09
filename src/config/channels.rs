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
    /// A WeChat official account.
    pub wechat: WeChatConfig,
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

/// The table `[http.channels.wechat]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WeChatConfig {
    /// The variable with the token of the account's server settings, which signs the webhooks.
    pub token_env: String,
    /// The variable with the `EncodingAESKey` of safe mode. Without it messages come in plain, and their text is not signed.
    pub aes_key_env: String,
    /// The variable with the app's secret. Without it photos and voice notes are not fetched, and late answers are lost.
    pub secret_env: String,
    /// The account's id (`wx…`).
    pub app_id: String,
    /// Where the API is.
    pub api: String,
    /// An answer goes into the response if it is made in so many milliseconds; WeChat waits for 5,000.
    pub reply_within_ms: u64,
}

impl Default for WeChatConfig {
    fn default() -> Self {
        Self {
            token_env: "WECHAT_TOKEN".to_owned(),
            aes_key_env: "WECHAT_AES_KEY".to_owned(),
            secret_env: "WECHAT_APP_SECRET".to_owned(),
            app_id: String::new(),
            api: "https://api.weixin.qq.com".to_owned(),
            reply_within_ms: 4_500,
        }
    }
}
