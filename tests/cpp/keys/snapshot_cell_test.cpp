#include "keys/snapshot_cell.hpp"

#include <array>
#include <memory>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

Snapshot some_keys() { return std::make_shared<const KeySet>(*KeySet::parse(R"({"keys":[]})", {})); }

/// Runs on a thread that has read nothing before.
template <class Work>
void elsewhere(Work work) {
    std::jthread(work).join();
}

TEST(GivenANewCell, ItHoldsNothing) {
    const SnapshotCell cell;
    EXPECT_EQ(cell.cached(), nullptr);
    EXPECT_EQ(cell.read(), nullptr);
}

TEST(GivenASnapshot, AThreadCachesWhatItHasRead) {
    const Snapshot keys = some_keys();
    SnapshotCell cell;
    cell.replace(keys);

    EXPECT_EQ(cell.cached(), nullptr);
    EXPECT_EQ(cell.read(), keys);
    EXPECT_EQ(*cell.cached(), keys);
    EXPECT_EQ(*cell.cached(), keys) << "again and again";
}

TEST(GivenAReplacement, NoThreadHasTheOldOneCached) {
    const Snapshot old_keys = some_keys(), new_keys = some_keys();
    SnapshotCell cell;
    cell.replace(old_keys);
    EXPECT_EQ(cell.read(), old_keys);

    elsewhere([&] { cell.replace(new_keys); });

    EXPECT_EQ(cell.cached(), nullptr);
    EXPECT_EQ(cell.read(), new_keys);
    EXPECT_EQ(*cell.cached(), new_keys);
}

TEST(GivenAnotherThread, ItHasItsOwnCache) {
    const Snapshot keys = some_keys();
    SnapshotCell cell;
    cell.replace(keys);
    EXPECT_EQ(cell.read(), keys);

    elsewhere([&] {
        EXPECT_EQ(cell.cached(), nullptr);
        EXPECT_EQ(cell.read(), keys);
        EXPECT_EQ(*cell.cached(), keys);
    });
    EXPECT_EQ(*cell.cached(), keys);
}

TEST(GivenManyCells, NoneIsTakenForAnother) {
    std::array<SnapshotCell, 40> cells;
    std::array<Snapshot, 40> keys;
    for (std::size_t i = 0; i < cells.size(); ++i) cells[i].replace(keys[i] = some_keys());

    for (int round = 0; round < 3; ++round)
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const Snapshot* const cached = cells[i].cached();
            EXPECT_TRUE(cached == nullptr || *cached == keys[i]) << i;
            EXPECT_EQ(cells[i].read(), keys[i]) << i;
            EXPECT_EQ(*cells[i].cached(), keys[i]) << i;
        }
}

TEST(GivenACellAtTheAddressOfADestroyedOne, ItsCacheEntryIsNotUsed) {
    std::optional<SnapshotCell> cell(std::in_place);
    cell->replace(some_keys());
    EXPECT_NE(cell->read(), nullptr);

    cell.emplace();
    cell->replace(some_keys());

    EXPECT_EQ(cell->cached(), nullptr);
}

}  // namespace
}  // namespace authjwks
