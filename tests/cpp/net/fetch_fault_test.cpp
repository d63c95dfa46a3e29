#include "net/fetch_fault.hpp"

#include <set>
#include <string_view>

#include <gtest/gtest.h>

#include "base/ascii.hpp"

namespace authjwks {
namespace {

TEST(GivenTheTableOfFaults, ItsRowsFollowTheEnum) {
    ASSERT_EQ(fetch_faults().size(), static_cast<std::size_t>(FetchFault::stopped) + 1);
    for (std::size_t row = 0; row < fetch_faults().size(); ++row)
        EXPECT_EQ(static_cast<std::size_t>(fetch_faults()[row].fault), row);
}

TEST(GivenTheTableOfFaults, EachHasASlugOfItsOwn) {
    std::set<std::string_view> slugs;
    for (const FetchFaultInfo& row : fetch_faults()) {
        EXPECT_TRUE(slugs.insert(row.slug).second) << row.slug;
        EXPECT_NE(row.slug, "");
        EXPECT_EQ(row.slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos)
            << row.slug;
        EXPECT_EQ(name_of(row.fault), row.slug);
        EXPECT_EQ(describe(row.fault).slug, row.slug);
    }
}

TEST(GivenTheTableOfFaults, AProblemGoesOnAndAnAdviceIsSentences) {
    for (const FetchFaultInfo& row : fetch_faults()) {
        ASSERT_FALSE(row.problem.empty()) << row.slug;
        ASSERT_FALSE(row.advice.empty()) << row.slug;
        EXPECT_EQ(row.problem.front(), to_lower(row.problem.front())) << row.problem;
        EXPECT_FALSE(row.problem.ends_with('.')) << row.problem;
        EXPECT_NE(row.advice.front(), to_lower(row.advice.front())) << row.advice;
        EXPECT_TRUE(row.advice.ends_with('.')) << row.advice;
    }
}

TEST(GivenTheStatusOfAResponse, ItsFaultIsThatOfItsKind) {
    struct Row {
        long status;
        FetchFault fault;
    };
    for (const auto& [status, fault] : {
             Row{301, FetchFault::redirected}, {302, FetchFault::redirected},        {300, FetchFault::redirected},
             {399, FetchFault::redirected},    {304, FetchFault::bad_status},        {401, FetchFault::access_denied},
             {403, FetchFault::access_denied}, {404, FetchFault::not_found},         {410, FetchFault::not_found},
             {407, FetchFault::proxy_failed},  {429, FetchFault::too_many_requests}, {500, FetchFault::server_error},
             {503, FetchFault::server_error},  {599, FetchFault::server_error},      {600, FetchFault::bad_status},
             {400, FetchFault::bad_status},    {405, FetchFault::bad_status},        {408, FetchFault::bad_status},
             {0, FetchFault::bad_status},      {100, FetchFault::bad_status},        {201, FetchFault::bad_status},
             {204, FetchFault::bad_status},    {206, FetchFault::bad_status},        {-1, FetchFault::bad_status},
         })
        EXPECT_EQ(fault_of_status(status), fault) << status;
}

}  // namespace
}  // namespace authjwks
