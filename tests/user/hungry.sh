# SPDX-License-Identifier: Apache-2.0
#
# Inside Pith: hungry.sh HOG WAY MB [SECONDS]. Six programs take all the memory they
# can get for so long (tests/user/hog.c); the shell goes on, and afterwards a
# program gets so many MB.
hog=$1 way=$2
for i in 1 2 3 4 5 6; do
    $hog "$way" "${4:-3}" &
done
# beside a bomb there may be no room to start one, and dash would end
[ "$way" = bomb ] || $hog pause 1 || echo "no program starts: $?"
echo 'the shell goes on'
wait
$hog take "$3"
