// An upper bound of what one allocation takes, so that memory limits based on it hold.
#pragma once

#include <cstddef>

namespace authjwks {

/// The bytes that an allocator uses for `size` bytes: with its header (at most 8 bytes in glibc and Python), rounded up
/// to its granularity (16), and with a share of the fragmentation.
constexpr std::size_t allocation_bytes(std::size_t size) {
    constexpr std::size_t grain = 16;
    const std::size_t rounded = (size + 8 + grain - 1) / grain * grain;
    return rounded + rounded / 16;
}

}  // namespace authjwks
