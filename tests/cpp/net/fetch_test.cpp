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

TEST(GivenTwoFailures, TheyHaveTheSameReasonIfAnOperatorReadsTheSame) {
    FetchFailure failure{FetchFault::bad_status};
    failure.url = "https://issuer.example/";
    failure.status = 400;
    FetchFailure other = failure;
    other.cause = "libcurl error 7: once more";
    other.retry_after = std::chrono::seconds(1);
    EXPECT_TRUE(failure.is_same_reason(other));

    for (const auto change : {+[](FetchFailure& changed) { changed.fault = FetchFault::not_found; },
                              +[](FetchFailure& changed) { changed.stage = FetchStage::discovery; },
                              +[](FetchFailure& changed) { changed.url = "https://other.example/"; },
                              +[](FetchFailure& changed) { changed.status = 405; }}) {
        other = failure;
        change(other);
        EXPECT_FALSE(failure.is_same_reason(other));
    }
}

TEST(GivenEveryStage, ItsNameIsItsOwn) {
    EXPECT_EQ(name_of(FetchStage::discovery), "discovery");
    EXPECT_EQ(name_of(FetchStage::key_set), "key_set");
}

}  // namespace
}  // namespace authjwks
