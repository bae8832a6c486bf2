//! Frames -> an animated PNG, which every browser shows and none has to decode with another program.

use png::{BitDepth, ColorType, Encoder, EncodingError};

/// Encodes an animated PNG that repeats for ever, of opaque RGBA frames of `side` x `side` pixels one after the other in `frames`, each
/// shown for `milliseconds`.
///
/// # Errors
/// If there is no frame, or a part of one.
pub fn animation(frames: &[u8], side: usize, milliseconds: u16) -> Result<Vec<u8>, EncodingError> {
    let size = side * side * 4;
    // A picture's side fits u32; as many frames as fit memory do too.
    let (side, count) = (side as u32, (frames.len() / size.max(1)) as u32);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, side, side);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_animated(count, 0)?;
    encoder.set_frame_delay(milliseconds, 1000)?;
    let mut writer = encoder.write_header()?;
    for frame in frames.chunks(size.max(1)) {
        let rgb: Vec<u8> = frame.chunks(4).flat_map(|pixel| pixel.iter().copied().take(3)).collect();
        writer.write_image_data(&rgb)?;
    }
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends where it fails")]
mod tests {
    use super::*;

    #[test]
    fn every_frame_comes_back() {
        let frames: Vec<u8> = (0..3u8).flat_map(|frame| [frame * 50, 7, 9, 255].repeat(4)).collect();
        let bytes = animation(&frames, 2, 200).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        assert_eq!(reader.info().animation_control().unwrap().num_frames, 3);
        for frame in 0..3 {
            let mut found = [0; 12];
            reader.next_frame(&mut found).unwrap();
            assert_eq!(found, [frame * 50, 7, 9].repeat(4)[..]);
        }
        assert!(animation(&[], 2, 200).is_err());
        assert!(animation(&frames[..20], 2, 200).is_err());
    }
}
