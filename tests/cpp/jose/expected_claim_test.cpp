#include "jose/expected_claim.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

using Values = std::vector<ExpectedClaim::Value>;

bool accepts(const Values& values, std::string_view claim) {
    json::Document document(32);
    return ExpectedClaim("name", values).accepts(*document.parse(claim));
}

/// What the values accept of these claims, each of which is unlike all others.
std::vector<std::string> accepted_by(const Values& values) {
    std::vector<std::string> accepted;
    for (const char* claim : {"true", "false", "1", "0", "1.0", "-1", "1e0", R"("1")", R"("true")", R"("")", "null",
                              "[1]", "[true]", R"(["1"])", R"({"1":1})", "9223372036854775807", "9223372036854775808",
                              "18446744073709551615", "-9223372036854775808"})
        if (accepts(values, claim)) accepted.emplace_back(claim);
    return accepted;
}

TEST(GivenAnExpectedValue, OnlyThatValueOfThatTypeIsAccepted) {
    using Accepted = std::vector<std::string>;
    EXPECT_EQ(accepted_by({true}), Accepted{"true"});
    EXPECT_EQ(accepted_by({false}), Accepted{"false"});
    EXPECT_EQ(accepted_by({std::int64_t{1}}), Accepted{"1"});
    EXPECT_EQ(accepted_by({std::int64_t{-1}}), Accepted{"-1"});
    EXPECT_EQ(accepted_by({std::uint64_t{1}}), Accepted{"1"});
    EXPECT_EQ(accepted_by({std::string("1")}), Accepted{R"("1")"});
    EXPECT_EQ(accepted_by({std::string("true")}), Accepted{R"("true")"});
}

TEST(GivenTheGreatestAndLeastNumbers, TheyAreToldApart) {
    using Accepted = std::vector<std::string>;
    EXPECT_EQ(accepted_by({std::numeric_limits<std::int64_t>::max()}), Accepted{"9223372036854775807"});
    EXPECT_EQ(accepted_by({std::numeric_limits<std::int64_t>::min()}), Accepted{"-9223372036854775808"});
    EXPECT_EQ(accepted_by({std::uint64_t{1} << 63U}), Accepted{"9223372036854775808"});
    EXPECT_EQ(accepted_by({std::numeric_limits<std::uint64_t>::max()}), Accepted{"18446744073709551615"});
}

TEST(GivenSeveralExpectedValues, EachIsAccepted) {
    EXPECT_EQ(accepted_by({std::string("1"), true, std::int64_t{0}}),
              (std::vector<std::string>{"true", "0", R"("1")"}));
}

TEST(GivenNoNameOrNoValue, ConstructionNamesTheOption) {
    EXPECT_THROW(ExpectedClaim("", {true}), std::invalid_argument);
    EXPECT_THROW(ExpectedClaim("name", {}), std::invalid_argument);
}

}  // namespace
}  // namespace authjwks
