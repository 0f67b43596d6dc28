//! One WebSocket: carries messages between a tab and the tracker until either ends it.

use crate::{
    api::ApiError,
    forwarded,
    hub::Outgoing,
    limits::{CLOSE_WITHIN, SOCKET_BUFFER_BYTES, WRITE_WITHIN},
    listener::Pass,
    origin,
    server::App,
    tracker::Frame,
};
use axum::{
    Extension,
    extract::{
        ConnectInfo, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, close_code},
    },
    http::{HeaderMap, Uri},
    response::{IntoResponse, Response},
};
use std::net::{IpAddr, SocketAddr};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracker_protocol::{MAX_MESSAGE_BYTES, Refusal};

/// What the WebSocket library takes before it gives up on a connection, in bytes. Above the
/// protocol's own limit, so that a message a little too long still gets an answer that says so.
const HARD_MESSAGE_BYTES: usize = 2 * MAX_MESSAGE_BYTES;

/// `GET /ws`: opens the WebSocket, for pages that may.
pub(crate) async fn upgrade(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(pass): Extension<Pass>,
    headers: HeaderMap,
    uri: Uri,
    upgrade: WebSocketUpgrade,
) -> Response {
    let config = app.config();
    if !origin::is_allowed(&headers, &uri, &config.allowed_origins) {
        return ApiError::ForeignOrigin.into_response();
    }
    let address = forwarded::client_address(peer.ip(), &headers, &config.trusted_proxies);
    let task = app.tasks().token();
    upgrade
        .read_buffer_size(SOCKET_BUFFER_BYTES)
        .write_buffer_size(SOCKET_BUFFER_BYTES)
        .max_write_buffer_size(SOCKET_BUFFER_BYTES + HARD_MESSAGE_BYTES)
        .max_message_size(HARD_MESSAGE_BYTES)
        .max_frame_size(HARD_MESSAGE_BYTES)
        .on_upgrade(move |socket| async move {
            serve(socket, &app, address).await;
            // Held to the end, so that connections being closed are bounded as well.
            drop((task, pass));
        })
}

/// Why a connection ends without a word.
struct Gone;

async fn serve(mut socket: WebSocket, app: &App, address: IpAddr) {
    let cut = app.new_cut();
    let (connection, mut inbox) = app.hub().connect(address, cut.clone());
    loop {
        tokio::select! {
            () = cut.cancelled() => return,
            outgoing = inbox.next() => match outgoing {
                Some(Outgoing::Message(text)) => {
                    if write(&mut socket, &cut, Message::Text(text)).await.is_err() {
                        return;
                    }
                }
                Some(Outgoing::Close(reason)) => {
                    return close(&mut socket, &cut, reason).await;
                }
                None => return,
            },
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Text(text))) => connection.receive(Frame::Text(&text)),
                Some(Ok(Message::Binary(_))) => connection.receive(Frame::Binary),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => connection.receive(Frame::Control),
                // The library answers a closing handshake by itself while it is read to its end.
                Some(Ok(Message::Close(_))) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

async fn write(socket: &mut WebSocket, cut: &CancellationToken, message: Message) -> Result<(), Gone> {
    tokio::select! {
        () = cut.cancelled() => Err(Gone),
        written = timeout(WRITE_WITHIN, socket.send(message)) => match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        },
    }
}

/// Says goodbye and waits a little for the answer: closing with data unread would let the
/// operating system throw away what the tab has not read yet, the reason included.
async fn close(socket: &mut WebSocket, cut: &CancellationToken, reason: Refusal) {
    let code = if reason == Refusal::ShuttingDown { close_code::AWAY } else { close_code::POLICY };
    let goodbye = async {
        let frame = CloseFrame { code, reason: reason.to_string().into() };
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    tokio::select! {
        () = cut.cancelled() => {}
        _ = timeout(CLOSE_WITHIN, goodbye) => {}
    }
}
