#include "net/fetch.hpp"

#include <gtest/gtest.h>

namespace authjwks {
namespace {

TEST(GivenEveryFault, ItsNameIsItsOwn) {
    EXPECT_EQ(name_of(FetchFault::url_refused), "url_refused");
    EXPECT_EQ(name_of(FetchFault::unreachable), "unreachable");
    EXPECT_EQ(name_of(FetchFault::tls_failed), "tls_failed");
    EXPECT_EQ(name_of(FetchFault::timed_out), "timed_out");
    EXPECT_EQ(name_of(FetchFault::bad_status), "bad_status");
    EXPECT_EQ(name_of(FetchFault::too_large), "too_large");
    EXPECT_EQ(name_of(FetchFault::bad_encoding), "bad_encoding");
    EXPECT_EQ(name_of(FetchFault::not_json), "not_json");
    EXPECT_EQ(name_of(FetchFault::not_discovery), "not_discovery");
    EXPECT_EQ(name_of(FetchFault::issuer_mismatch), "issuer_mismatch");
    EXPECT_EQ(name_of(FetchFault::not_a_key_set), "not_a_key_set");
    EXPECT_EQ(name_of(FetchFault::too_many_keys), "too_many_keys");
    EXPECT_EQ(name_of(FetchFault::stopped), "stopped");
}

}  // namespace
}  // namespace authjwks
