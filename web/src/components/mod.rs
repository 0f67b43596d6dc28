//! Small parts that several views are built from.

mod amount;
mod copy;
mod dialog;
mod field;
mod flag;
mod hash;
mod icon;
mod link;
mod notice;
mod qr;
mod rows;
mod save;
mod standing;
mod table;
mod time;
mod toast;

pub(crate) use self::{
    amount::AmountText,
    copy::CopyButton,
    dialog::Dialog,
    field::Field,
    flag::{Flag, FlagShape},
    hash::{Hash, LongText},
    icon::{Icon, RoleIcon, Shape},
    link::{Link, NavLink, follow},
    notice::{Failure, Loading, Notice, Tone},
    qr::QrCode,
    rows::{Rows, Window},
    save::SaveJson,
    standing::{BlockStanding, TransactionStanding},
    table::Table,
    time::TimeAgo,
    toast::{ToastRegion, Toasts, use_toasts},
};
