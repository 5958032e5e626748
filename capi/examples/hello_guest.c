/* SPDX-License-Identifier: Apache-2.0 */
/* The guest of hello.c: greets so many times, returns the bytes printed. */
__attribute__((import_module("env"), import_name("print"))) void
print(const char *text, int length);

__attribute__((export_name("greet"))) int
greet(int times)
{
    static const char text[] = "hello from WebAssembly\n";
    int sum = 0;

    for (int i = 0; i < times; i++) {
        print(text, sizeof text - 1);
        sum += (int)sizeof text - 1;
    }
    return sum;
}
