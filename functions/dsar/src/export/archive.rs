//! A ZIP archive that is written as it grows and can be gone on with by another invocation (APPNOTE.TXT 6.3.10).
//!
//! Members are stored whole, not compressed, so that a member's size and checksum are known before its first byte, and no state of a compressor
//! has to be handed on. What was written goes to S3 in parts; what does not fill one yet is kept in memory, [`PART`] bytes at most and one member,
//! and in the checkpoint's object when an invocation ends. Offsets beyond 4 GiB are written as ZIP64.

use bytes::Bytes;
use cloud::{
    dynamo::Unavailable,
    objects::{LEAST_PART, Objects, Upload},
};
use domain::hex::hex;
use sha2::{Digest, Sha256};

/// How large a part is, in bytes.
const PART: usize = LEAST_PART + (1 << 20);
/// What stands for a number that does not fit into 32 bits.
const ELSEWHERE: u32 = u32::MAX;
/// General-purpose bit 11: names are UTF-8.
const UTF8: u16 = 1 << 11;
/// 1 January 1980, the first day that the format knows: when a member was written says nothing here.
const DATE: u16 = 1 << 5 | 1;

/// A member that was written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Member {
    /// Its name within the archive.
    pub(crate) name: String,
    /// Its length in bytes.
    pub(crate) bytes: u32,
    crc: u32,
    /// SHA-256 of its content, in hexadecimal digits.
    pub(crate) sha256: String,
    offset: u64,
}

/// What another invocation has to know to go on.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct State {
    members: Vec<Member>,
    upload: Option<Upload>,
    /// Bytes that S3 has.
    sent: u64,
}

/// An archive that is being written.
pub(crate) struct Archive<'a> {
    objects: &'a Objects,
    key: &'a str,
    state: State,
    /// What was written and not sent yet.
    tail: Vec<u8>,
}

impl<'a> Archive<'a> {
    /// The archive under `key`, from the checkpoint with this number, or from its beginning for 0 and where the checkpoint is gone. False beside it
    /// means that it begins.
    pub(crate) async fn resume(
        objects: &'a Objects,
        key: &'a str,
        checkpoint: u32,
    ) -> Result<(Self, bool), Unavailable> {
        let new = Self { objects, key, state: State::default(), tail: Vec::new() };
        if checkpoint == 0 {
            return Ok((new, false));
        }
        let Some(kept) = objects.get(&place(key, checkpoint)).await? else { return Ok((new, false)) };
        let read = kept.split_first_chunk::<8>().and_then(|(length, rest)| {
            let (state, tail) = rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
            Some((serde_json::from_slice(state).ok()?, tail.to_vec()))
        });
        Ok(match read {
            Some((state, tail)) => (Self { state, tail, ..new }, true),
            None => (new, false),
        })
    }

    /// Keeps all that another invocation has to know, under a number that was not used before.
    pub(crate) async fn checkpoint(&self, number: u32) -> Result<(), Unavailable> {
        // Numbers and texts of ours, which always serialise.
        let state = serde_json::to_vec(&self.state).unwrap_or_default();
        let mut kept = Vec::with_capacity(8 + state.len() + self.tail.len());
        kept.extend_from_slice(&(state.len() as u64).to_be_bytes());
        kept.extend_from_slice(&state);
        kept.extend_from_slice(&self.tail);
        self.objects.put(&place(self.key, number), kept.into()).await
    }

    /// What was written until now.
    pub(crate) fn members(&self) -> &[Member] {
        &self.state.members
    }

    /// Whether S3 has some of it already.
    pub(crate) fn is_sent_in_parts(&self) -> bool {
        self.state.upload.is_some()
    }

    /// Adds a member. Names are ours: plain, relative, without a parent. A member of 4 GiB is refused as if S3 had.
    pub(crate) async fn add(&mut self, name: &str, content: &[u8]) -> Result<(), Unavailable> {
        let bytes = u32::try_from(content.len()).map_err(|_| Unavailable)?;
        let sha256 = hex(&Sha256::digest(content));
        let offset = self.state.sent + self.tail.len() as u64;
        let member = Member { name: name.to_owned(), bytes, crc: crc32(content), sha256, offset };
        self.tail.extend_from_slice(&local_header(&member));
        self.tail.extend_from_slice(content);
        self.state.members.push(member);
        while self.tail.len() >= PART {
            let rest = self.tail.split_off(PART);
            let part = std::mem::replace(&mut self.tail, rest);
            self.send(part.into()).await?;
        }
        Ok(())
    }

    async fn send(&mut self, part: Bytes) -> Result<(), Unavailable> {
        let length = part.len() as u64;
        let upload = match &mut self.state.upload {
            Some(upload) => upload,
            none => none.insert(self.objects.begin(self.key).await?),
        };
        self.objects.add(self.key, upload, part).await?;
        self.state.sent += length;
        Ok(())
    }

    /// Writes the directory and makes the object. Done again from the same state, it makes the same.
    pub(crate) async fn finish(mut self) -> Result<(), Unavailable> {
        let start = self.state.sent + self.tail.len() as u64;
        let directory = directory(&self.state.members, start);
        self.tail.extend_from_slice(&directory);
        let last: Bytes = std::mem::take(&mut self.tail).into();
        if self.state.upload.is_none() {
            return self.objects.put(self.key, last).await;
        }
        self.send(last).await?;
        match &self.state.upload {
            Some(upload) => self.objects.complete(self.key, upload).await,
            None => Ok(()),
        }
    }
}

/// Forgets a checkpoint that nobody goes on from any more.
pub(crate) async fn forget(objects: &Objects, key: &str, number: u32) -> Result<(), Unavailable> {
    objects.delete(&place(key, number)).await
}

/// Where a checkpoint rests: beside the file, in the same bucket, for the same time at most.
fn place(key: &str, number: u32) -> String {
    format!("{key}.{number}")
}

fn local_header(member: &Member) -> Vec<u8> {
    let Member { name, bytes, crc, .. } = member;
    let mut header = Vec::with_capacity(30 + name.len());
    header.extend_from_slice(&0x0403_4b50_u32.to_le_bytes());
    for half in [20, UTF8, 0, 0, DATE] {
        header.extend_from_slice(&u16::to_le_bytes(half));
    }
    for word in [*crc, *bytes, *bytes] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    header.extend_from_slice(&length(name).to_le_bytes());
    header.extend_from_slice(&0_u16.to_le_bytes());
    header.extend_from_slice(name.as_bytes());
    header
}

/// Names are ours and short.
fn length(name: &str) -> u16 {
    u16::try_from(name.len()).unwrap_or(u16::MAX)
}

/// The central directory of an archive whose members end at `start`, with its end record.
fn directory(members: &[Member], start: u64) -> Vec<u8> {
    let mut directory = Vec::new();
    for Member { name, bytes, crc, offset, .. } in members {
        let (short, far) = match u32::try_from(*offset) {
            Ok(offset) if offset < ELSEWHERE => (offset, None),
            _ => (ELSEWHERE, Some(*offset)),
        };
        directory.extend_from_slice(&0x0201_4b50_u32.to_le_bytes());
        let needed = if far.is_some() { 45 } else { 20 };
        for half in [45, needed, UTF8, 0, 0, DATE] {
            directory.extend_from_slice(&u16::to_le_bytes(half));
        }
        for word in [*crc, *bytes, *bytes] {
            directory.extend_from_slice(&word.to_le_bytes());
        }
        let extra: u16 = if far.is_some() { 12 } else { 0 };
        for half in [length(name), extra, 0, 0, 0] {
            directory.extend_from_slice(&half.to_le_bytes());
        }
        directory.extend_from_slice(&0_u32.to_le_bytes());
        directory.extend_from_slice(&short.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
        if let Some(offset) = far {
            directory.extend_from_slice(&1_u16.to_le_bytes());
            directory.extend_from_slice(&8_u16.to_le_bytes());
            directory.extend_from_slice(&offset.to_le_bytes());
        }
    }
    let (count, size) = (members.len() as u64, directory.len() as u64);
    let short = |number: u64| u32::try_from(number).ok().filter(|number| *number < ELSEWHERE);
    let few = u16::try_from(count).ok().filter(|number| *number < u16::MAX);
    if few.is_none() || short(size).is_none() || short(start).is_none() {
        let end = start + size;
        directory.extend_from_slice(&0x0606_4b50_u32.to_le_bytes());
        directory.extend_from_slice(&44_u64.to_le_bytes());
        for half in [45_u16, 45] {
            directory.extend_from_slice(&half.to_le_bytes());
        }
        for word in [0_u32, 0] {
            directory.extend_from_slice(&word.to_le_bytes());
        }
        for number in [count, count, size, start] {
            directory.extend_from_slice(&number.to_le_bytes());
        }
        directory.extend_from_slice(&0x0706_4b50_u32.to_le_bytes());
        directory.extend_from_slice(&0_u32.to_le_bytes());
        directory.extend_from_slice(&end.to_le_bytes());
        directory.extend_from_slice(&1_u32.to_le_bytes());
    }
    directory.extend_from_slice(&0x0605_4b50_u32.to_le_bytes());
    for half in [0, 0, few.unwrap_or(u16::MAX), few.unwrap_or(u16::MAX)] {
        directory.extend_from_slice(&u16::to_le_bytes(half));
    }
    for word in [short(size).unwrap_or(ELSEWHERE), short(start).unwrap_or(ELSEWHERE)] {
        directory.extend_from_slice(&word.to_le_bytes());
    }
    directory.extend_from_slice(&0_u16.to_le_bytes());
    directory
}

/// The checksum of ZIP and of gzip (RFC 1952, 8).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| CRC_TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ crc >> 8)
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut number = 0;
    while number < 256 {
        let mut crc = number as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ crc >> 1 } else { crc >> 1 };
            bit += 1;
        }
        table[number] = crc;
        number += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn member(name: &str, content: &[u8], offset: u64) -> Member {
        Member {
            name: name.to_owned(),
            bytes: content.len().try_into().unwrap(),
            crc: crc32(content),
            sha256: String::new(),
            offset,
        }
    }

    #[test]
    fn the_checksum_is_the_one_of_the_format() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    /// Python's reader is another one than ours. The hole in the file costs no disk.
    #[test]
    fn an_archive_beyond_four_gibibytes_is_read_by_others() {
        use std::io::{Seek, SeekFrom, Write};
        let path = std::env::temp_dir().join(format!("cartage-zip-{}", std::process::id()));
        let mut file = std::fs::File::create(&path).unwrap();
        let far = 5 << 30;
        let members = [member("account.json", b"[1]", 0), member("calls-0002.csv", b"a,b\r\n", far)];
        for (member, content) in members.iter().zip([&b"[1]"[..], b"a,b\r\n"]) {
            file.seek(SeekFrom::Start(member.offset)).unwrap();
            file.write_all(&local_header(member)).unwrap();
            file.write_all(content).unwrap();
        }
        let start = file.stream_position().unwrap();
        file.write_all(&directory(&members, start)).unwrap();
        drop(file);
        let script = "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nprint([(i.filename,z.read(i)) for i in z.infolist()])";
        let read = Command::new("python3").args(["-c", script]).arg(&path).output().unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        let read = String::from_utf8(read.stdout).unwrap();
        assert_eq!(read.trim(), r"[('account.json', b'[1]'), ('calls-0002.csv', b'a,b\r\n')]");
    }

    #[test]
    fn many_members_are_counted_where_there_is_room() {
        let members: Vec<Member> = (0..70_000).map(|number| member(&format!("{number}"), b"", 0)).collect();
        let directory = directory(&members, 100);
        assert_eq!(directory[directory.len() - 14..][..4], [0xff; 4], "too many for the old record");
        let record = directory.windows(4).rposition(|window| window == 0x0606_4b50_u32.to_le_bytes()).unwrap();
        assert_eq!(directory[record + 24..record + 32], 70_000_u64.to_le_bytes());
    }
}
