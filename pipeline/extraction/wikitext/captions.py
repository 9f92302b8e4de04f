"""What `[[File:...]]` leaves: its caption, behind the paragraph that it stands in (compiled)."""

from __future__ import annotations

from typing import Any

from massivetext.kernels import lean
from massivetext.pipeline.extraction.wikitext import state as st
from massivetext.pipeline.extraction.wikitext.names import NAME_BYTES, OPTION, THUMB, code_of
from massivetext.pipeline.extraction.wikitext.output import copy, end_lines


@lean
def _is_option(out: Any, start: Any, end: Any, hashes: Any, codes: Any) -> Any:
    """What a parameter of a file is: an option (of them THUMB), or 0 for a caption."""
    while end > start and out[end - 1] <= 32:
        end -= 1
    while start < end and out[start] <= 32:
        start += 1
    if start == end:
        return OPTION
    if end - start > 2 and out[end - 1] == 120 and out[end - 2] == 112 and out[end - 3] <= 57:
        return OPTION  # 200px, x100px
    stop = start
    while stop < end and stop - start < NAME_BYTES and out[stop] != 61:
        stop += 1
    return code_of(out, start, stop, hashes, codes)


@lean
def end_parameter(out: Any, s: Any, frames: Any, hashes: Any, codes: Any) -> Any:
    """Keep the parameter of a file that ends here if it is its caption.

    The last parameter that is no option is; FRAME_END has where it ends.
    """
    top = s[st.FRAMES_OPEN] - 1
    begin, kept = frames[top, st.FRAME_FROM], frames[top, st.FRAME_END]
    option = _is_option(out, kept, s[st.WRITTEN], hashes, codes)
    if option == THUMB:
        frames[top, st.FRAME_CODE] |= st.SHOWN_FILE
    if option:
        s[st.WRITTEN] = kept
        return
    size = s[st.WRITTEN] - kept
    if kept > begin:
        for place in range(size):
            out[begin + place] = out[kept + place]
    s[st.WRITTEN] = begin + size
    frames[top, st.FRAME_END] = begin + size


@lean
def flush_captions(out: Any, s: Any, captions: Any) -> Any:
    """Write the captions of the files of a line, behind its end."""
    if s[st.CAPTION_BYTES]:
        end_lines(out, s, 2)
        copy(captions, 0, s[st.CAPTION_BYTES], out, s)
        end_lines(out, s, 2)
        s[st.CAPTION_BYTES] = 0


@lean
def keep_caption(out: Any, s: Any, captions: Any, begin: Any) -> Any:
    """Put what stands from `begin` with the captions that wait for the end of their paragraph."""
    for _ in range(2 if s[st.CAPTION_BYTES] else 0):
        captions[s[st.CAPTION_BYTES]] = 10
        s[st.CAPTION_BYTES] += 1
    for source in range(begin, s[st.WRITTEN]):
        captions[s[st.CAPTION_BYTES]] = out[source]
        s[st.CAPTION_BYTES] += 1
