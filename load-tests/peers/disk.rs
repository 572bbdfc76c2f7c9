//! Durable appends, timed one by one: `disk DIR SECONDS`. Compiled and run by `disk` beside it; needs nothing but the standard library.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

const SIZES: [usize; 2] = [5_200, 65_536];
/// Bytes of a preallocated file.
const PREALLOCATED: u64 = 256 * 1_024 * 1_024;
/// Where a growing file ends, whatever time is left.
const GROWN_MAX: u64 = 1_024 * 1_024 * 1_024;
const CHUNK: usize = 1_024 * 1_024;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(dir), Some(seconds)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: disk DIR SECONDS"));
    };
    let seconds: u64 = seconds.parse().map_err(io::Error::other)?;
    let path = Path::new(&dir).join(format!("disk-{}", std::process::id()));
    let measured = measure_all(&path, Duration::from_secs(seconds));
    fs::remove_file(&path)?;
    println!(
        "{{\"peer\":\"disk\",\"seconds\":{seconds},\"appends\":[{}]}}",
        measured?.join(",")
    );
    Ok(())
}

fn measure_all(path: &Path, lasting: Duration) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    for bytes in SIZES {
        for preallocated in [false, true] {
            lines.push(measure(path, bytes, preallocated, lasting)?);
        }
    }
    Ok(lines)
}

/// Appends and syncs until the time is over.
fn measure(path: &Path, bytes: usize, preallocated: bool, lasting: Duration) -> io::Result<String> {
    let mut file = File::create(path)?;
    if preallocated {
        fill(&mut file)?;
    }
    let end = if preallocated {
        PREALLOCATED
    } else {
        GROWN_MAX
    };
    let data = vec![0x5a; bytes];
    let mut times_us = Vec::new();
    let mut at = 0;
    let begun = Instant::now();
    while begun.elapsed() < lasting {
        if at + bytes as u64 > end {
            if !preallocated {
                break;
            }
            file.seek(SeekFrom::Start(0))?;
            at = 0;
        }
        let one = Instant::now();
        file.write_all(&data)?;
        file.sync_data()?;
        times_us.push(one.elapsed().as_secs_f64() * 1e6);
        at += bytes as u64;
    }
    let elapsed_s = begun.elapsed().as_secs_f64();
    times_us.sort_by(f64::total_cmp);
    let count = times_us.len();
    let quantile = |of: f64| times_us[((count - 1) as f64 * of).round() as usize];
    Ok(format!(
        "{{\"bytes\":{bytes},\"preallocated\":{preallocated},\"syncs_per_s\":{:.0},\"p50_us\":{:.0},\"p99_us\":{:.0},\"mb_per_s\":{:.1}}}",
        count as f64 / elapsed_s,
        quantile(0.5),
        quantile(0.99),
        (count * bytes) as f64 / elapsed_s / 1e6,
    ))
}

/// Writes the whole file, so that appending to it changes no block of the file system's own, and goes back to its beginning.
fn fill(file: &mut File) -> io::Result<()> {
    let chunk = vec![0; CHUNK];
    for _ in 0..PREALLOCATED / CHUNK as u64 {
        file.write_all(&chunk)?;
    }
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(())
}
