#include "jose/scratch.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

TEST(GivenAScratchInUse, AnotherOneIsLentBesideIt) {
    const ScratchLease outer;
    const auto outer_text = (*outer).claims.parse(R"("outer")");
    {
        const ScratchLease inner;
        EXPECT_NE(&*inner, &*outer);
        ASSERT_TRUE((*inner).claims.parse(R"("inner")"));
    }
    ASSERT_TRUE(outer_text);
    EXPECT_EQ(json::text_of(*outer_text), "outer");
}

TEST(GivenAScratchGivenBack, ItIsLentAgain) {
    const Scratch* first = nullptr;
    const char* memory = nullptr;
    {
        const ScratchLease scratch;
        first = &*scratch;
        memory = (*scratch).claims.room(100).data();
    }
    const ScratchLease scratch;
    EXPECT_EQ(&*scratch, first);
    EXPECT_EQ((*scratch).claims.room(100).data(), memory) << "its memory was kept";
}

TEST(GivenAnotherThread, ItHasAStockOfItsOwn) {
    {
        const ScratchLease filling_the_stock;
    }
    const ScratchLease here;
    const Scratch* there = nullptr;
    std::jthread([&there] { there = &*ScratchLease(); }).join();

    EXPECT_NE(there, &*here);
}

TEST(GivenAScratch, ItTakesThirtyTwoLevels) { EXPECT_EQ(kMaxTokenDepth, 32U); }

}  // namespace
}  // namespace authjwks
