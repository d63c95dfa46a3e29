#include "keys/source_events.hpp"

#include <gtest/gtest.h>

namespace authjwks {
namespace {

TEST(GivenEveryKindOfEvent, ItsNameIsItsOwn) {
    EXPECT_EQ(name_of(EventKind::keys_changed), "keys_changed");
    EXPECT_EQ(name_of(EventKind::key_replaced), "key_replaced");
    EXPECT_EQ(name_of(EventKind::replicas_differ), "replicas_differ");
    EXPECT_EQ(name_of(EventKind::refresh_failed), "refresh_failed");
    EXPECT_EQ(name_of(EventKind::stale_served), "stale_served");
    EXPECT_EQ(name_of(EventKind::recovered), "recovered");
    EXPECT_EQ(name_of(EventKind::throttled), "throttled");
    EXPECT_EQ(name_of(EventKind::rechecked), "rechecked");
}

TEST(GivenNoEvents, NoneIsPending) {
    SourceEvents events;
    EXPECT_FALSE(events.pending());
    EXPECT_TRUE(events.take().empty());
}

TEST(GivenEvents, TheyAreTakenOnceInTheirOrder) {
    SourceEvents events;
    events.add({EventKind::refresh_failed, FetchFault::timed_out});
    events.add({EventKind::recovered});
    EXPECT_TRUE(events.pending());

    const auto taken = events.take();

    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0].kind, EventKind::refresh_failed);
    ASSERT_TRUE(taken[0].failure);
    EXPECT_EQ(taken[0].failure->fault, FetchFault::timed_out);
    EXPECT_EQ(taken[1].kind, EventKind::recovered);
    EXPECT_FALSE(taken[1].failure);
    EXPECT_FALSE(events.pending());
    EXPECT_TRUE(events.take().empty());
}

TEST(GivenTooManyEvents, TheOldestAreForgotten) {
    SourceEvents events;
    events.add({EventKind::recovered});
    for (std::size_t i = 0; i < SourceEvents::kMaxQueued - 1; ++i) events.add({EventKind::throttled});
    events.add({EventKind::keys_changed});

    const auto taken = events.take();

    ASSERT_EQ(taken.size(), SourceEvents::kMaxQueued);
    EXPECT_EQ(taken.front().kind, EventKind::throttled);
    EXPECT_EQ(taken.back().kind, EventKind::keys_changed);
}

}  // namespace
}  // namespace authjwks
