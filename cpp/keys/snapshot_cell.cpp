#include "keys/snapshot_cell.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace authjwks {
namespace {

struct Memory {
    std::uint64_t id = 0, version = 0;
    Snapshot snapshot;
};

Memory& memory_of_this_thread(std::uint64_t id) {
    constexpr std::size_t places = 16;
    thread_local std::array<Memory, places> memories;
    return memories[id % places];
}

}  // namespace

SnapshotCell::SnapshotCell() {
    static std::atomic<std::uint64_t> last_id{0};
    id_ = ++last_id;
}

const Snapshot* SnapshotCell::cached() const {
    const Memory& memory = memory_of_this_thread(id_);
    if (memory.id != id_ || memory.version != version_.load(std::memory_order_acquire)) return nullptr;
    return &memory.snapshot;
}

const Snapshot& SnapshotCell::read() const {
    Memory& memory = memory_of_this_thread(id_);
    memory = {id_, version_.load(std::memory_order_relaxed), snapshot_};
    return memory.snapshot;
}

void SnapshotCell::replace(Snapshot snapshot) {
    snapshot_ = std::move(snapshot);
    version_.fetch_add(1, std::memory_order_release);
}

}  // namespace authjwks
