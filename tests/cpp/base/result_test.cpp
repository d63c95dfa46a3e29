#include "base/result.hpp"

#include <memory>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

enum class Reason : unsigned char { none, other };

constexpr Result<int> half(int number) {
    if (number % 2 != 0) return Errc::claim_invalid;
    return number / 2;
}
static_assert(half(4) && *half(4) == 2);
static_assert(!half(3) && half(3).error() == Errc::claim_invalid);
static_assert(!std::is_convertible_v<Result<int>, bool>, "a number must not come out of a forgotten star");

TEST(GivenAValue, TheResultHoldsIt) {
    Result<std::string> result(std::string("text"));

    ASSERT_TRUE(result);
    EXPECT_EQ(*result, "text");
    EXPECT_EQ(result->size(), 4U);
    *result += "!";
    EXPECT_EQ(*std::as_const(result), "text!");
}

TEST(GivenAReason, TheResultHoldsItInstead) {
    const Result<std::string> result(Errc::expired);

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), Errc::expired);
}

TEST(GivenReasonsOfAnotherKind, TheResultHoldsThose) {
    const Result<std::string, Reason> result(Reason::other);

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), Reason::other);
}

/// A reason that is more than a row of a table.
struct Explained {
    Explained(Reason of) : reason(of) {}
    Reason reason;
    std::string why = "a text that is not small enough to be kept in place";
};

TEST(GivenARowOfAReasonThatIsMore, TheResultIsMadeFromIt) {
    const auto failing = []() -> Result<int, Explained> { return Reason::other; };
    const auto result = failing();

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, Reason::other);
}

TEST(GivenAReasonWithText, ItCanBeMovedOut) {
    Result<int, Explained> result(Explained(Reason::other));
    const char* const text = result.error().why.data();

    const Explained reason = std::move(result).error();

    EXPECT_EQ(reason.why.data(), text) << "a copy was made";
}

TEST(GivenAValueThatCannotBeCopied, ItCanBeMovedOut) {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(7));

    const std::unique_ptr<int> owner = *std::move(result);

    EXPECT_EQ(*owner, 7);
}

}  // namespace
}  // namespace authjwks
