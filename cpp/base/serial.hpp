// Identifiers that are unique within the process, unlike addresses, which are reused.
#pragma once

#include <atomic>
#include <cstdint>

namespace authjwks {

/// Never the same number twice in a process, and never 0.
inline std::uint64_t next_serial() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace authjwks
