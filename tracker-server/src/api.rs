//! The JSON endpoints beside the WebSocket.

use crate::server::App;
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;
use tracker_protocol::{PeerId, RoomId};

/// Why a request was refused; `code` in the answer is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("a room id has 1 to 64 characters from a-z, 0-9, '-' and '.'")]
    BadRoom,
    #[error("there is nobody in this room")]
    UnknownRoom,
    #[error("there is no such endpoint")]
    UnknownEndpoint,
    #[error("pages of this origin may not use this tracker")]
    ForeignOrigin,
}

impl ApiError {
    fn status_and_code(self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRoom => (StatusCode::BAD_REQUEST, "bad-room"),
            Self::UnknownRoom => (StatusCode::NOT_FOUND, "unknown-room"),
            Self::UnknownEndpoint => (StatusCode::NOT_FOUND, "unknown-endpoint"),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "foreign-origin"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        (status, Json(json!({ "error": { "code": code, "message": self.to_string() } }))).into_response()
    }
}

/// A bounded random sample of one room.
#[derive(Debug, Serialize)]
pub(crate) struct RoomPeers {
    room: RoomId,
    peers: Vec<PeerId>,
    total: u32,
}

/// `GET /healthz`: the process answers.
pub(crate) async fn health() -> &'static str {
    "ok"
}

/// `GET /api/config`: what the page needs to know about this tracker.
pub(crate) async fn config(State(app): State<App>) -> Response {
    Json(json!({ "iceServers": app.config().ice_servers })).into_response()
}

/// `GET /api/rooms/{room}/peers`.
pub(crate) async fn room_peers(
    State(app): State<App>,
    room: Result<Path<String>, PathRejection>,
) -> Result<Json<RoomPeers>, ApiError> {
    let Path(room) = room.map_err(|_| ApiError::BadRoom)?;
    let room: RoomId = room.parse().map_err(|_| ApiError::BadRoom)?;
    let sample = app.hub().sample(&room).ok_or(ApiError::UnknownRoom)?;
    Ok(Json(RoomPeers { room, peers: sample.peers, total: sample.total }))
}

/// Anything else under `/api`.
pub(crate) async fn unknown() -> ApiError {
    ApiError::UnknownEndpoint
}
