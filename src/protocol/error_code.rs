//! The one table of codes that the stream and REST share (protocol.md 8).

/// A code of the table: stable, meant for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    BadJson,
    BadFrame,
    UnknownType,
    HelloExpected,
    HelloRepeated,
    SeqGap,
    BatchTooLarge,
    NoDevice,
    Unauthenticated,
    TokenExpired,
    OriginRefused,
    Forbidden,
    DeviceBound,
    NotFound,
    NotEnrolled,
    NotKept,
    Phase,
    NotOpen,
    NotEligible,
    Full,
    Closed,
    Limit,
    BudgetExhausted,
    InProgress,
    ClockBackwards,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    UnsupportedMedia,
    UnsupportedSubprotocol,
    Invalid,
    UnknownField,
    UnknownMetric,
    BadUnit,
    UnknownZone,
    BadCursor,
    IdempotencyConflict,
    RateLimited,
    SlowReader,
    Internal,
    Draining,
    Overloaded,
    StoreUnavailable,
}

impl Code {
    /// The whole table.
    pub const ALL: [Self; 43] = [
        Self::BadJson,
        Self::BadFrame,
        Self::UnknownType,
        Self::HelloExpected,
        Self::HelloRepeated,
        Self::SeqGap,
        Self::BatchTooLarge,
        Self::NoDevice,
        Self::Unauthenticated,
        Self::TokenExpired,
        Self::OriginRefused,
        Self::Forbidden,
        Self::DeviceBound,
        Self::NotFound,
        Self::NotEnrolled,
        Self::NotKept,
        Self::Phase,
        Self::NotOpen,
        Self::NotEligible,
        Self::Full,
        Self::Closed,
        Self::Limit,
        Self::BudgetExhausted,
        Self::InProgress,
        Self::ClockBackwards,
        Self::PreconditionFailed,
        Self::PreconditionRequired,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::UnsupportedSubprotocol,
        Self::Invalid,
        Self::UnknownField,
        Self::UnknownMetric,
        Self::BadUnit,
        Self::UnknownZone,
        Self::BadCursor,
        Self::IdempotencyConflict,
        Self::RateLimited,
        Self::SlowReader,
        Self::Internal,
        Self::Draining,
        Self::Overloaded,
        Self::StoreUnavailable,
    ];

    /// The code of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// The code in words, for the title of a problem.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::BadJson => "Not JSON",
            Self::BadFrame => "Wrong shape",
            Self::UnknownType => "No such frame",
            Self::HelloExpected => "Hello expected",
            Self::HelloRepeated => "Hello repeated",
            Self::SeqGap => "Gap in the numbering",
            Self::BatchTooLarge => "Batch too large",
            Self::NoDevice => "A viewer has no device",
            Self::Unauthenticated => "Not authenticated",
            Self::TokenExpired => "Token expired",
            Self::OriginRefused => "Origin refused",
            Self::Forbidden => "Forbidden",
            Self::DeviceBound => "Device of another user",
            Self::NotFound => "Not found",
            Self::NotEnrolled => "Not enrolled",
            Self::NotKept => "No longer kept",
            Self::Phase => "Wrong phase",
            Self::NotOpen => "Not open yet",
            Self::NotEligible => "Not eligible",
            Self::Full => "Full",
            Self::Closed => "Closed",
            Self::Limit => "Limit reached",
            Self::BudgetExhausted => "Budget exhausted",
            Self::InProgress => "Still in progress",
            Self::ClockBackwards => "The clock only goes forward",
            Self::PreconditionFailed => "Precondition failed",
            Self::PreconditionRequired => "Precondition required",
            Self::TooLarge => "Too large",
            Self::UnsupportedMedia => "Unsupported media type",
            Self::UnsupportedSubprotocol => "Unsupported subprotocol",
            Self::Invalid => "Invalid request",
            Self::UnknownField => "Unknown field",
            Self::UnknownMetric => "Unknown metric",
            Self::BadUnit => "Wrong unit",
            Self::UnknownZone => "Unknown zone",
            Self::BadCursor => "Cursor of another list",
            Self::IdempotencyConflict => "Key used for another request",
            Self::RateLimited => "Too many requests",
            Self::SlowReader => "Slow reader",
            Self::Internal => "Internal fault",
            Self::Draining => "Server is going down",
            Self::Overloaded => "Overloaded",
            Self::StoreUnavailable => "Store unavailable",
        }
    }

    /// The code on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::BadFrame => "bad_frame",
            Self::UnknownType => "unknown_type",
            Self::HelloExpected => "hello_expected",
            Self::HelloRepeated => "hello_repeated",
            Self::SeqGap => "seq_gap",
            Self::BatchTooLarge => "batch_too_large",
            Self::NoDevice => "no_device",
            Self::Unauthenticated => "unauthenticated",
            Self::TokenExpired => "token_expired",
            Self::OriginRefused => "origin_refused",
            Self::Forbidden => "forbidden",
            Self::DeviceBound => "device_bound",
            Self::NotFound => "not_found",
            Self::NotEnrolled => "not_enrolled",
            Self::NotKept => "not_kept",
            Self::Phase => "phase",
            Self::NotOpen => "not_open",
            Self::NotEligible => "not_eligible",
            Self::Full => "full",
            Self::Closed => "closed",
            Self::Limit => "limit",
            Self::BudgetExhausted => "budget_exhausted",
            Self::InProgress => "in_progress",
            Self::ClockBackwards => "clock_backwards",
            Self::PreconditionFailed => "precondition_failed",
            Self::PreconditionRequired => "precondition_required",
            Self::TooLarge => "too_large",
            Self::UnsupportedMedia => "unsupported_media",
            Self::UnsupportedSubprotocol => "unsupported_subprotocol",
            Self::Invalid => "invalid",
            Self::UnknownField => "unknown_field",
            Self::UnknownMetric => "unknown_metric",
            Self::BadUnit => "bad_unit",
            Self::UnknownZone => "unknown_zone",
            Self::BadCursor => "bad_cursor",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::RateLimited => "rate_limited",
            Self::SlowReader => "slow_reader",
            Self::Internal => "internal",
            Self::Draining => "draining",
            Self::Overloaded => "overloaded",
            Self::StoreUnavailable => "store_unavailable",
        }
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadJson
            | Self::BadFrame
            | Self::UnknownType
            | Self::HelloExpected
            | Self::HelloRepeated
            | Self::SeqGap
            | Self::BatchTooLarge
            | Self::NoDevice
            | Self::UnsupportedSubprotocol => 400,
            Self::Unauthenticated | Self::TokenExpired => 401,
            Self::OriginRefused | Self::Forbidden | Self::DeviceBound => 403,
            Self::NotFound | Self::NotEnrolled => 404,
            Self::Phase
            | Self::NotOpen
            | Self::NotEligible
            | Self::Full
            | Self::Closed
            | Self::Limit
            | Self::BudgetExhausted
            | Self::InProgress
            | Self::ClockBackwards => 409,
            Self::NotKept => 410,
            Self::PreconditionFailed => 412,
            Self::TooLarge => 413,
            Self::UnsupportedMedia => 415,
            Self::Invalid
            | Self::UnknownField
            | Self::UnknownMetric
            | Self::BadUnit
            | Self::UnknownZone
            | Self::BadCursor
            | Self::IdempotencyConflict => 422,
            Self::PreconditionRequired => 428,
            Self::RateLimited | Self::SlowReader => 429,
            Self::Internal => 500,
            Self::Draining | Self::Overloaded | Self::StoreUnavailable => 503,
        }
    }

    /// The close code of a stream that ends because of it, where it ends at all.
    #[must_use]
    pub fn close(self) -> Option<u16> {
        match self {
            Self::UnsupportedMedia => Some(1003),
            Self::TooLarge => Some(1009),
            Self::Internal => Some(1011),
            Self::Draining => Some(1012),
            Self::Overloaded | Self::StoreUnavailable => Some(1013),
            Self::HelloExpected => Some(4400),
            Self::Unauthenticated | Self::TokenExpired => Some(4401),
            Self::DeviceBound => Some(4403),
            Self::SlowReader => Some(4413),
            Self::RateLimited => Some(4429),
            _ => None,
        }
    }
}

/// One fault of a request: where, which, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer (RFC 6901) into the body, or `/query/...`, `/headers/...`.
    pub pointer: String,
    /// A code of the table, or one that only faults have (`before_start`, `past`).
    pub code: &'static str,
    /// In words.
    pub detail: String,
}

/// A typed "no", the same on the stream and on REST.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", code.name())]
pub struct Refusal {
    /// Which.
    pub code: Code,
    /// In words, for the developer who reads it.
    pub detail: String,
    /// All faults, where there are several or their place is known.
    pub faults: Vec<Fault>,
}

impl Refusal {
    /// A refusal without a place.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            faults: Vec::new(),
        }
    }

    /// A refusal that says where: [`Code::Invalid`] with one fault, or with several.
    #[must_use]
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [only] => only.detail.clone(),
            several => format!("{} faults", several.len()),
        };
        Self {
            code: Code::Invalid,
            detail,
            faults,
        }
    }
}
