#include "jose/key_fault.hpp"

#include <gtest/gtest.h>

namespace authjwks {
namespace {

TEST(GivenEveryReason, ItsNameIsItsOwn) {
    EXPECT_EQ(name_of(KeyFault::not_an_object), "not_an_object");
    EXPECT_EQ(name_of(KeyFault::duplicate_member), "duplicate_member");
    EXPECT_EQ(name_of(KeyFault::bad_member), "bad_member");
    EXPECT_EQ(name_of(KeyFault::unsupported_kty), "unsupported_kty");
    EXPECT_EQ(name_of(KeyFault::unsupported_crv), "unsupported_crv");
    EXPECT_EQ(name_of(KeyFault::not_for_signatures), "not_for_signatures");
    EXPECT_EQ(name_of(KeyFault::unsupported_alg), "unsupported_alg");
    EXPECT_EQ(name_of(KeyFault::private_key), "private_key");
    EXPECT_EQ(name_of(KeyFault::bad_encoding), "bad_encoding");
    EXPECT_EQ(name_of(KeyFault::weak_key), "weak_key");
    EXPECT_EQ(name_of(KeyFault::invalid_point), "invalid_point");
}

}  // namespace
}  // namespace authjwks
