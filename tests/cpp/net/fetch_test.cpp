#include "net/fetch.hpp"

#include <gtest/gtest.h>

namespace authjwks {
namespace {

Result<HttpResponse, FetchFailure> failed_by_row() { return FetchFault::timed_out; }

TEST(GivenAFaultAlone, ItIsAFailureWithoutDetails) {
    const auto failed = failed_by_row();

    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().fault, FetchFault::timed_out);
    EXPECT_EQ(failed.error().status, 0);
    for (const std::string& text : {failed.error().url, failed.error().cause, failed.error().hint}) EXPECT_EQ(text, "");
    EXPECT_EQ(failed.error().retry_after, std::nullopt);
}

TEST(GivenAFaultAndItsCause, TheFailureHasBoth) {
    const FetchFailure failure{FetchFault::no_usable_keys, "the set is empty"};
    EXPECT_EQ(failure.fault, FetchFault::no_usable_keys);
    EXPECT_EQ(failure.cause, "the set is empty");
}

TEST(GivenEveryStage, ItsNameIsItsOwn) {
    EXPECT_EQ(name_of(FetchStage::discovery), "discovery");
    EXPECT_EQ(name_of(FetchStage::key_set), "key_set");
}

}  // namespace
}  // namespace authjwks
