# SPDX-License-Identifier: Apache-2.0
# The root file system: out/root, and from it the disk that `pith` boots.

.PHONY: image root
image: $(O)/share/pith/root.pith

root: ports user apps
	@image/mkroot.sh $(O)

$(O)/share/pith/root.pith: root $(O)/bin/pith-mkdisk
	@mkdir -p $(@D)
	$(O)/bin/pith-mkdisk $@ $(O)/root image/tree.txt

# the same tree for those who have no pith-mkdisk
$(O)/root.tar: root
	tar -C $(O)/root --sort=name --mtime=@1700000000 --owner=0 --group=0 \
	    --numeric-owner --format=ustar -cf $@ .
