// What memory costs that is asked for in one piece: an upper bound, so that a budget kept in it holds.
#pragma once

#include <cstddef>

namespace authjwks {

/// The bytes that an allocator takes for `size` bytes: rounded up to its grain, with its own header (glibc's malloc and
/// Python's take 16 and at most 8), and a share of what is lost between pieces.
constexpr std::size_t allocation_bytes(std::size_t size) {
    constexpr std::size_t grain = 16;
    const std::size_t rounded = (size + 8 + grain - 1) / grain * grain;
    return rounded + rounded / 16;
}

}  // namespace authjwks
