//! What every route shares, asked over HTTP without anything behind it.

use actix_web::{
    App,
    body::MessageBody,
    dev::{Service, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::from_fn,
    test::{self, TestRequest},
};
use serde_json::Value;

use super::*;

async fn answered(request: TestRequest) -> (StatusCode, header::HeaderMap, Vec<u8>) {
    let origins = ["https://app.example".to_owned()];
    let app = App::new()
        .wrap(cors(&origins))
        .wrap(from_fn(check_origin))
        .wrap(from_fn(observe))
        .configure(routes);
    let app = test::init_service(app).await;
    read(app.call(request.to_request()).await.unwrap()).await
}

async fn read<B: MessageBody>(
    response: ServiceResponse<B>,
) -> (StatusCode, header::HeaderMap, Vec<u8>) {
    let (status, headers) = (response.status(), response.headers().clone());
    (status, headers, test::read_body(response).await.to_vec())
}

fn code(body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn paths_and_methods_that_are_no_routes_are_problems() {
    let (status, headers, body) = answered(TestRequest::get().uri("/v1/nothing")).await;
    assert_eq!(
        (status, code(&body).as_str()),
        (StatusCode::NOT_FOUND, "not_found")
    );
    assert_eq!(
        headers.get(header::CONTENT_TYPE).unwrap(),
        "application/problem+json"
    );
    assert_eq!(
        headers.get(header::X_CONTENT_TYPE_OPTIONS).unwrap(),
        "nosniff"
    );

    let (status, headers, body) = answered(TestRequest::post().uri("/v1/users/ann")).await;
    assert_eq!(
        (status, code(&body).as_str()),
        (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
    );
    assert_eq!(headers.get(header::ALLOW).unwrap(), "GET, PUT, DELETE");
}

#[actix_web::test]
async fn a_problem_tells_the_id_that_the_request_came_with() {
    let request = TestRequest::get()
        .uri("/v1/nothing")
        .insert_header(("x-request-id", "mine"));
    let (_, headers, body) = answered(request).await;
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["request_id"], "mine");
    assert_eq!(headers.get("x-request-id").unwrap(), "mine");
}

#[actix_web::test]
async fn the_document_and_its_pages_are_served() {
    let (status, _, body) = answered(TestRequest::get().uri("/v1/openapi.json")).await;
    assert_eq!(status, StatusCode::OK);
    let document: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(document["info"]["title"], "Streakline");

    let (status, headers, _) = answered(TestRequest::get().uri("/docs")).await;
    assert_eq!(status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(headers.get(header::LOCATION).unwrap(), "/docs/");
    let (status, headers, body) = answered(TestRequest::get().uri("/docs/")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers.get(header::CONTENT_TYPE).unwrap(), "text/html");
    assert!(String::from_utf8(body).unwrap().contains("swagger-ui"));
    let uri = "/docs/swagger-initializer.js";
    let (_, _, body) = answered(TestRequest::get().uri(uri)).await;
    assert!(
        String::from_utf8(body)
            .unwrap()
            .contains("/v1/openapi.json")
    );
}

#[actix_web::test]
async fn every_route_of_the_table_is_served_by_its_handler_alone() {
    for (method, path) in openapi::ROUTES {
        let uri = path
            .replace("{id}", "x")
            .replace("{date}", "x")
            .replace(['{', '}'], "");
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let request = TestRequest::default().method(method).uri(&uri);
        let (status, _, _) = answered(request).await;
        let served = ![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&status);
        assert!(served, "{path} answers {status}");
    }
}

#[actix_web::test]
async fn pages_of_other_origins_are_refused() {
    let asked = |origin: &'static str| {
        TestRequest::get()
            .uri("/v1/openapi.json")
            .insert_header((header::ORIGIN, origin))
    };
    let (status, _, body) = answered(asked("https://evil.example")).await;
    assert_eq!(
        (status, code(&body).as_str()),
        (StatusCode::FORBIDDEN, "origin_refused")
    );
}
