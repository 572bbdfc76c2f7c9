//! Every route, once: this table registers the handlers and makes the OpenAPI document of them.
//!
//! What all routes share (credentials, path names, headers, refusals) is written into the document here; what is a
//! route's own stands at its handler.

use std::sync::LazyLock;

use actix_web::{HttpResponse, http::header, web};
use streakline_core::limits::{PAGE_ROWS, PAGE_ROWS_MAX};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components, ContentBuilder, HttpMethod, ObjectBuilder, Ref, RefOr, Required,
        ResponseBuilder,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{KnownFormat, SchemaFormat, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{
    adjustments, balance, boards, campaigns, challenges, checkpoint, clock, cycles, days,
    device_keys, devices, enrolments, erasure, events, explain, export, goals, health, import,
    instruments, ledger, me, minutes, pauses, problem::Answer, rest_days, simulation, streaks,
    stuck, templates, users, verdicts,
};
use crate::protocol::problem::{CONTENT_TYPE, Problem};

macro_rules! routes {
    ($($path:literal => $($method:ident $module:ident::$handler:ident),+;)+) => {
        /// Method and path of every route of the document.
        pub const ROUTES: &[(&str, &str)] = &[$($((stringify!($method), $path)),+),+];

        fn register_handlers(config: &mut web::ServiceConfig) {
            $(config.service(
                web::resource($path)
                    $(.route(web::$method().to($module::$handler)))+
                    .default_service(web::to(|| async {
                        method_not_allowed(&[$(stringify!($method)),+])
                    })),
            );)+
        }

        #[derive(OpenApi)]
        #[openapi(
            paths($($($module::$handler),+),+),
            components(schemas(Problem)),
            modifiers(&Shared),
            info(
                title = "Streakline",
                description = "A real-time gamification server for device streams: users, goals, \
                    days, streaks, tokens, challenges and leaderboards. Samples travel over the \
                    WebSocket at `/v1/stream`.",
                license(name = "Apache-2.0", identifier = "Apache-2.0"),
            ),
        )]
        struct Document;
    };
}

routes! {
    "/healthz" => get health::alive;
    "/readyz" => get health::ready;
    "/metrics" => get health::metrics;
    "/v1/openapi.json" => get health::document;
    "/v1/me" => get me::read;
    "/v1/users/{user}" => get users::read, put users::write, delete erasure::erase;
    "/v1/users/{user}/goals" => get goals::list;
    "/v1/users/{user}/goals/{goal}" => get goals::read, put goals::write, delete goals::remove;
    "/v1/users/{user}/rest-days" => get rest_days::list;
    "/v1/users/{user}/rest-days/{date}" => put rest_days::write, delete rest_days::remove;
    "/v1/users/{user}/devices" => get devices::list;
    "/v1/users/{user}/devices/{device}/key" =>
        get device_keys::read, put device_keys::write, delete device_keys::remove;
    "/v1/users/{user}/import" => post import::bring;
    "/v1/users/{user}/export" => get export::download;
    "/v1/users/{user}/days" => get days::list;
    "/v1/users/{user}/days/{date}" => get days::read;
    "/v1/users/{user}/days/{date}/minutes" => get minutes::minutes;
    "/v1/users/{user}/days/{date}/hours" => get minutes::hours;
    "/v1/users/{user}/days/{date}/records" => get minutes::records;
    "/v1/users/{user}/streaks" => get streaks::list;
    "/v1/users/{user}/streaks/{goal}/freezes" => post instruments::buy_freeze;
    "/v1/users/{user}/streaks/{goal}/repairs" => post instruments::repair;
    "/v1/users/{user}/pause" => get pauses::read, put pauses::write, delete pauses::end;
    "/v1/users/{user}/verdicts" => get verdicts::list, post verdicts::give;
    "/v1/users/{user}/verdicts/{verdict}/decision" => post verdicts::decide;
    "/v1/users/{user}/adjustments" => post adjustments::adjust;
    "/v1/users/{user}/balance" => get balance::read;
    "/v1/users/{user}/ledger" => get ledger::list;
    "/v1/users/{user}/events" => get events::list;
    "/v1/users/{user}/explain/day" => get explain::day;
    "/v1/users/{user}/explain/goal" => get explain::goal;
    "/v1/users/{user}/explain/streak" => get explain::streak;
    "/v1/users/{user}/explain/score" => get explain::score;
    "/v1/users/{user}/explain/token" => get explain::token;
    "/v1/campaigns" => get campaigns::list;
    "/v1/campaigns/{id}" => get campaigns::read, put campaigns::write;
    "/v1/challenges" => get challenges::list, post challenges::create;
    "/v1/challenges/{id}" => get challenges::read, put challenges::replace, delete challenges::remove;
    "/v1/challenges/{id}/publish" => post challenges::publish;
    "/v1/challenges/{id}/cancel" => post challenges::cancel;
    "/v1/challenges/{id}/void" => post challenges::void;
    "/v1/challenges/{id}/cycles" => get cycles::list;
    "/v1/challenges/{id}/simulate" => post simulation::simulate;
    "/v1/challenges/{id}/enrolments" => get enrolments::list;
    "/v1/challenges/{id}/enrolments/{user}" =>
        get enrolments::read, put enrolments::join, delete enrolments::leave;
    "/v1/challenges/{id}/leaderboard" => get boards::read;
    "/v1/challenges/{id}/leaderboard/{user}" => get boards::row;
    "/v1/templates" => get templates::list, post templates::create;
    "/v1/templates/{id}" => get templates::read;
    "/v1/templates/{id}/challenges" => post templates::make;
    "/v1/ledger/summary" => get ledger::summary;
    "/v1/stuck" => get stuck::list;
    "/v1/stuck/{stuck}/retry" => post stuck::retry;
    "/v1/checkpoint" => post checkpoint::take;
    "/v1/clock" => get clock::read, post clock::advance;
}

/// The document, as it is served.
pub static JSON: LazyLock<String> =
    LazyLock::new(|| Document::openapi().to_pretty_json().unwrap_or_default());

/// Registers every route and the pages of Swagger UI.
pub(super) fn register(config: &mut web::ServiceConfig) {
    register_handlers(config);
    config.service(web::redirect("/docs", "/docs/"));
    config.service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/v1/openapi.json")));
}

/// Made into a problem by `problem::complete`.
fn method_not_allowed(methods: &[&str]) -> Answer {
    let allow = methods.join(", ").to_uppercase();
    Ok(HttpResponse::MethodNotAllowed()
        .insert_header((header::ALLOW, allow))
        .finish())
}

/// What all routes share.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Components::default);
        add_credentials(components);
        for (path, item) in &mut document.paths.paths {
            let open = !path.starts_with("/v1/") || path == "/v1/openapi.json";
            let operations = [
                (HttpMethod::Get, &mut item.get),
                (HttpMethod::Put, &mut item.put),
                (HttpMethod::Post, &mut item.post),
                (HttpMethod::Delete, &mut item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    describe(operation, &method, path, open);
                }
            }
        }
    }
}

fn add_credentials(components: &mut Components) {
    let scheme = |words: &str, format: &str| {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format(format);
        SecurityScheme::Http(bearer.description(Some(words)).build())
    };
    components.add_security_scheme("token", scheme("A token of a user or an admin", "JWT"));
    components.add_security_scheme("admin_key", scheme("The admin key, `sk_...`", "key"));
}

fn describe(operation: &mut Operation, method: &HttpMethod, path: &str, open: bool) {
    let parameters = operation.parameters.get_or_insert_with(Vec::new);
    parameters.iter_mut().for_each(describe_paging);
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    parameters.splice(0..0, names.map(path_parameter));
    let enrolment = path.ends_with("/enrolments/{user}");
    match method {
        HttpMethod::Post => parameters.push(header_parameter(
            "Idempotency-Key",
            "1 to 128 printable characters; repeating a request with its key repeats its answer",
            Required::True,
        )),
        HttpMethod::Put if !enrolment => {
            let words =
                "ETag of the resource that is replaced; needed where it exists, `*` for any";
            parameters.push(header_parameter("If-Match", words, Required::False));
            let words = "`*`: only create";
            parameters.push(header_parameter("If-None-Match", words, Required::False));
        }
        _ => {}
    }
    if !open {
        let requirement = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
        operation.security = Some(vec![requirement("token"), requirement("admin_key")]);
        refusals(operation, method, enrolment);
    }
}

/// `limit` and `cursor` are the same in every list.
fn describe_paging(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(parameter) = parameter else {
        return;
    };
    match parameter.name.as_str() {
        "limit" => {
            let number = ObjectBuilder::new().schema_type(Type::Integer);
            let bounded = number.minimum(Some(1)).maximum(Some(PAGE_ROWS_MAX));
            parameter.schema = Some(bounded.default(Some(PAGE_ROWS.into())).into());
            parameter.description = Some("Most items".to_owned());
        }
        "cursor" => {
            parameter.description = Some("`next` of the page before".to_owned());
        }
        _ => {}
    }
}

fn refusals(operation: &mut Operation, method: &HttpMethod, enrolment: bool) {
    let mut refuse = |status: &str, words: &str| {
        let problem = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let response = ResponseBuilder::new()
            .description(words)
            .content(CONTENT_TYPE, problem);
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_owned())
            .or_insert(RefOr::T(response.build()));
    };
    refuse("401", "`unauthenticated`, `token_expired`");
    refuse("403", "`forbidden`, `origin_refused`");
    refuse(
        "404",
        "`not_found`, `not_enrolled`: also for what the caller may not know of",
    );
    refuse("422", "`invalid` or the code that all `errors` share");
    refuse("503", "`draining`, `overloaded`, `store_unavailable`");
    if matches!(method, HttpMethod::Post | HttpMethod::Put) {
        refuse("400", "`bad_json`, `bad_frame`");
        refuse(
            "409",
            "the state forbids it: `phase`, `closed`, `full`, `limit`, `in_progress`, ...",
        );
    }
    if matches!(method, HttpMethod::Post | HttpMethod::Put) && !enrolment {
        refuse("413", "`too_large`");
        refuse("415", "`unsupported_media`");
    }
    if matches!(method, HttpMethod::Put) && !enrolment {
        refuse("412", "`precondition_failed`");
        refuse("428", "`precondition_required`");
    }
}

fn path_parameter(name: &str) -> RefOr<Parameter> {
    let words = match name {
        "user" => "The user's name, chosen by the caller",
        "goal" => "The goal's name, chosen by the caller",
        "device" => "The device's UUID, as its list names it",
        "id" => "The challenge's UUID, made by the server; a campaign's is chosen by the caller",
        "stuck" => "Partition, epoch and index, as the list names it",
        _ => "A civil date",
    };
    let text = ObjectBuilder::new().schema_type(Type::String);
    let schema = match name {
        "id" | "device" => text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
        "date" => text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))),
        _ => text.pattern(Some("^[A-Za-z0-9._:-]{1,64}$")),
    };
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(words))
        .schema(Some(schema))
        .build();
    RefOr::T(parameter)
}

fn header_parameter(name: &str, words: &str, required: Required) -> RefOr<Parameter> {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(words))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build();
    RefOr::T(parameter)
}

#[cfg(test)]
mod tests;
